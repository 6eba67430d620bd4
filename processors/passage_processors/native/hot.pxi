"""Native twins of the loops over a batch of records: `core.step.parts.fold_plain`, and what `Pending` and the worker
sort by.

A record's methods are looked up once for each type of record and called as they are: the client's own messages need no
more than that, and no attribute is searched 200,000 times a second.
"""

from cpython cimport array
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject, Py_SIZE
from cpython.ref cimport Py_TYPE

cdef extern from "Python.h":
    object PyObject_CallOneArg(object call, object argument)

import array

from passage_processors.core.state.keys import is_text as text_of_any

cdef enum:
    KNOWN = 4
    MOST_BYTES = 900_000  # as core/program/events.py has it

cdef array.array INSTANTS = array.array("q")
FOR_EVER = 1 << 62


cdef bint is_text(object key) except -1:
    """As core/state/keys.py has it."""
    cdef const char* at
    cdef Py_ssize_t place, size
    if type(key) is not bytes:
        return text_of_any(key)
    at, size = PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key)
    for place in range(size):
        if at[place] & 0x80:
            return text_of_any(key)
    return True


def fold_plain(records, instants, Py_ssize_t at, reactions):
    """Fold records[at:] as long as there is a reaction prepared for their type; tells where it stopped."""
    cdef list of_records = records if type(records) is list else list(records)
    cdef array.array of_instants = instants if type(instants) is array.array else array.array("q", instants)
    cdef Py_ssize_t end = PyList_GET_SIZE(of_records), place, width
    cdef PyObject* of_type = NULL
    cdef const char* start
    cdef const char* prefixes[KNOWN]
    cdef list prepared = [], held = []
    cdef int known = 0, number
    cdef int64_t instant
    cdef object record, value, key, react, value_of = None, key_of = None
    if not reactions:
        return at
    width = len(next(iter(reactions)))
    if of_instants.typecode != "q":
        raise TypeError("instants are an array of type q")
    if len(of_instants) < end:
        raise IndexError("fewer instants than records")
    for place in range(at, end):
        record = <object>PyList_GET_ITEM(of_records, place)
        if <PyObject*>Py_TYPE(record) != of_type:
            of_type = <PyObject*>Py_TYPE(record)
            value_of, key_of = type(record).value, type(record).key
        value = PyObject_CallOneArg(value_of, record)
        if value is None:
            continue  # a tombstone says nothing happened
        react = None
        if type(value) is bytes and PyBytes_GET_SIZE(value) >= width:
            start = PyBytes_AS_STRING(value)
            for number in range(known):
                if memcmp(start, prefixes[number], width) == 0:
                    react = <object>PyList_GET_ITEM(prepared, number)
                    break
        if react is None:
            prefix = value[:width]
            react = reactions.get(prefix)
            if react is None:
                return place
            if known < KNOWN and type(prefix) is bytes and PyBytes_GET_SIZE(prefix) == width:
                held.append(prefix)
                prepared.append(react)
                prefixes[known] = PyBytes_AS_STRING(<bytes>prefix)
                known += 1
        # Asked for each time: a reaction may be anything, and hold the array.
        instant = of_instants.data.as_longlongs[place] if place < Py_SIZE(of_instants) else 0
        if instant == 0:
            return place
        key = PyObject_CallOneArg(key_of, record)
        if key is None or len(key) + len(value) > MOST_BYTES or not is_text(key):
            return place
        if type(react) is Opener and type(key) is bytes:
            (<Opener>react).start(<bytes>key, instant, b"")
        elif type(react) is Closer and type(key) is bytes:
            (<Closer>react).end(<bytes>key)
        else:
            react(key, instant, b"")
    return end


def instants_of(records, int64_t limit, int64_t undated):
    """The records' timestamps in microseconds; `undated` for one that is not between 1 and `limit`, exclusive."""
    cdef list of_records = records if type(records) is list else list(records)
    cdef Py_ssize_t place, end = PyList_GET_SIZE(of_records)
    cdef PyObject* of_type = NULL
    cdef object record, timestamp_of = None
    cdef int64_t instant
    cdef array.array found = array.clone(INSTANTS, end, False)
    for place in range(end):
        record = <object>PyList_GET_ITEM(of_records, place)
        if <PyObject*>Py_TYPE(record) != of_type:
            of_type = <PyObject*>Py_TYPE(record)
            timestamp_of = type(record).timestamp
        instant = PyObject_CallOneArg(timestamp_of, record)[1]
        # Compared before it is multiplied: one past the year 9999 may be anything.
        instant = instant * 1000 if 0 < instant <= limit // 1000 else undated
        found.data.as_longlongs[place] = instant if instant < limit else undated
    return found


def first_from(instants, Py_ssize_t at, before):
    """The place of the first instant from instants[at] on that is not before this; behind the last if all are."""
    cdef array.array of_instants = instants if type(instants) is array.array else array.array("q", instants)
    cdef Py_ssize_t end = len(of_instants)
    cdef int64_t limit = min(before, FOR_EVER)
    if at < 0 or of_instants.typecode != "q":
        raise ValueError(f"no place {at} in an array of type {of_instants.typecode}")
    while at < end and of_instants.data.as_longlongs[at] < limit:
        at += 1
    return at if at < end else end


def runs_of(list records not None, str attribute not None):
    """[(what the method says, the records that follow each other and say so)]"""
    cdef Py_ssize_t place, first = 0, end = PyList_GET_SIZE(records)
    cdef PyObject* of_type = NULL
    cdef object record, method = None, said, before = None
    cdef list found = []
    for place in range(end):
        record = <object>PyList_GET_ITEM(records, place)
        if <PyObject*>Py_TYPE(record) != of_type:
            of_type = <PyObject*>Py_TYPE(record)
            method = getattr(type(record), attribute)
        said = PyObject_CallOneArg(method, record)
        if said is not before and (place == 0 or said != before):
            if place:
                found.append((before, records[first:place]))
            first, before = place, said
    if end:
        found.append((before, records[first:]))
    return found
