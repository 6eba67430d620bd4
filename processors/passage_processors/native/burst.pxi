"""The native twin of `passage_processors.core.step.burst.fire_burst`: what it is given is told there.

Case, headers and event are made as the tuples they are, without the Python of a named tuple; the id is written in one
go. What the user's code is asked stays as it is, and so does what is asked of it.
"""

from cpython.tuple cimport PyTuple_SET_ITEM
from cpython.ref cimport Py_INCREF
from cpython.unicode cimport PyUnicode_DecodeUTF8

cdef extern from "Python.h":
    object PyType_GenericAlloc(object kind, Py_ssize_t size)

from passage_processors.core.program.events import VERSION, Derived, check_size, iso, weigh
from passage_processors.core.program.refusals import RAISED
from passage_processors.model.policy import Case

cdef object CASE = Case, DERIVED = Derived, VERSION_HEADER = VERSION, CE_ID = "ce_id", ONE = 1
cdef int64_t MICROSECONDS = 1_000_000, SECONDS = 86_400
cdef int64_t LAST_SECOND = 253_402_300_800  # of the year 9999


cdef inline int put(object of, Py_ssize_t at, object value) noexcept:
    """A place of a tuple that is being made: it keeps a reference of its own."""
    Py_INCREF(value)
    PyTuple_SET_ITEM(of, at, value)
    return 0


cdef inline char* digits(char* at, int64_t number, int width) noexcept nogil:
    cdef int place
    for place in range(width - 1, -1, -1):
        at[place] = <char>(48 + number % 10)
        number //= 10
    return at + width


cdef char* write_iso(char* at, int64_t instant) noexcept nogil:
    """An instant from 1970 to 9999, as `effects.iso` has it. The date: Hinnant, "chrono-Compatible Low-Level Date
    Algorithms", civil_from_days."""
    cdef int64_t second = instant // MICROSECONDS, fraction = instant % MICROSECONDS
    cdef int64_t days = second // SECONDS + 719_468, era, of_era, year, of_year, month
    second %= SECONDS
    era = days // 146_097
    of_era = days - era * 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    year += era * 400
    at = digits(at, year + 1 if month >= 10 else year, 4)
    at[0] = 45
    at = digits(at + 1, month - 9 if month >= 10 else month + 3, 2)
    at[0] = 45
    at = digits(at + 1, of_year - (153 * month + 2) // 5 + 1, 2)
    at[0] = 84
    at = digits(at + 1, second // 3600, 2)
    at[0] = 58
    at = digits(at + 1, second // 60 % 60, 2)
    at[0] = 58
    at = digits(at + 1, second % 60, 2)
    if fraction:
        at[0] = 46
        at = digits(at + 1, fraction, 6)
    at[0] = 90
    return at + 1


def iso_of(int64_t instant):
    """`effects.iso`, for the tests that hold the two together."""
    cdef char[32] text
    if not 0 <= instant < LAST_SECOND * MICROSECONDS:
        return iso(instant)
    return text[: write_iso(text, instant) - text].decode()


cdef bytes id_of(bytes begins, bytes key, int64_t instant, bytes ends):
    cdef Py_ssize_t of_begins = PyBytes_GET_SIZE(begins), of_key = PyBytes_GET_SIZE(key), of_ends = PyBytes_GET_SIZE(ends)
    cdef Py_ssize_t of_since
    cdef char[32] text
    cdef const char* since = text
    cdef bytes said, found
    cdef char* at
    if 0 <= instant < LAST_SECOND * MICROSECONDS:
        of_since = write_iso(text, instant) - text
    else:
        said = iso(instant).encode()
        since, of_since = PyBytes_AS_STRING(said), PyBytes_GET_SIZE(said)
    found = PyBytes_FromStringAndSize(NULL, of_begins + of_key + 1 + of_since + of_ends)
    at = PyBytes_AS_STRING(found)
    memcpy(at, PyBytes_AS_STRING(begins), of_begins)
    at += of_begins
    memcpy(at, PyBytes_AS_STRING(key), of_key)
    at += of_key
    at[0] = 47
    memcpy(at + 1, since, of_since)
    memcpy(at + 1 + of_since, PyBytes_AS_STRING(ends), of_ends)
    return found


def fire_burst(
    CaseBook book not None, list keys not None, Py_ssize_t at, Py_ssize_t until, burst, Closer close not None,
    list events not None,
):
    emit, encode, fact_of, write, due, begins, ends, rest, weight, follow, failed = burst
    cdef bytes key, canonical, identity, id_begins = begins, id_ends = ends
    cdef list headers, shared = rest
    cdef Py_ssize_t place, number, of_shared = len(shared), most, size, of_headers = weight, of_id = 0
    cdef uint32_t entry
    cdef size_t of_fact
    cdef const uint8_t* kept
    cdef int64_t started
    cdef object case, fact, event, value, one, then, start
    of_id = len(id_begins) + 1 + len(id_ends)
    for place in range(at, min(until, len(keys))):
        key = <bytes?>keys[place]
        entry = book.find(key, book.hash_key(key))
        if entry == NONE or book.entry(entry)[0] != OPEN:
            continue  # ended by another policy's event, earlier on this very tick
        started = read64(book.entry(entry) + 8)
        kept = book.fact_of(book.entry(entry), &of_fact)
        fact = PyBytes_FromStringAndSize(<const char*>kept, of_fact) if of_fact else None
        then = None
        try:
            # From here on anything may be asked of the book: nothing is known of its memory any more.
            aggregate = PyUnicode_DecodeUTF8(PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), NULL)
            if fact is not None:
                fact = fact_of(fact)
            start = started
            case = PyType_GenericAlloc(CASE, 6)
            put(case, 0, aggregate)
            put(case, 1, start)
            put(case, 2, due)
            put(case, 3, fact)
            put(case, 4, ONE)
            put(case, 5, ONE)
            event = emit(case)
            value = canonical = encode(event)
            identity = id_of(id_begins, key, started, id_ends)
            headers = [VERSION_HEADER, (CE_ID, identity)]
            headers += shared
            most = 2 * PyBytes_GET_SIZE(key)
            if write is None:
                most += PyBytes_GET_SIZE(canonical)
                size = most + of_headers + PyBytes_GET_SIZE(identity) - of_id - PyBytes_GET_SIZE(key)
            else:
                value, headers = write(event, canonical, headers)
                most += max(len(canonical), len(value))
                size = weigh(key, value, headers)
            if most > MOST_BYTES:
                check_size(most, "the event, with its key and id,")
            if follow is not None:
                then = follow(key, event, canonical)
        except RAISED as error:
            failed(key, error)
            continue
        close.end(key)
        one = PyType_GenericAlloc(DERIVED, 6)
        put(one, 0, key)
        put(one, 1, value)
        put(one, 2, headers)
        put(one, 3, size)
        put(one, 4, due)
        put(one, 5, None)
        events.append(one)
        if then is not None:
            then()
