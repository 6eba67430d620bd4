"""The native twin of `passage_processors.core.state.cases.CaseBook`: what each method means is told there.

A case is an entry in one block of memory: 16 bytes, the key, the fact. What many cases have in common (due ordinal,
ticks, schedule) stands once, as *terms*, and the entry says which. A table of one byte and four for each place finds
an entry by its key; a wake-up in the due index is the four bytes that say where its entry is.

    entry   kind (u8), key length (u8), fact length (u16), terms (u32), start instant (i64), key, fact
            lengths too great for that: 255 and 65535, and both as u32 before the key
    free    terms = FREE; the start instant is the next free entry of this size

Entries never move, and one that is freed is only ever used again for one of the same size. So an old reference in the
due index always points at the head of an entry, and whether it still holds is read there.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_SetItem
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, qsort, realloc
from libc.string cimport memcmp, memcpy

from heapq import heappop, heappush

from passage_processors.core.state.columns import dumped
from passage_processors.core.state.markers import at_once

cdef int OPEN = 1
cdef int ENDED = 2
cdef int PARKED = 3
cdef enum:
    HEAD = 16
    WIDE = 8
    SHARDS = 64
    SMALL = 1024
    VALUE_HEAD = 21
    NONE = 0
cdef uint32_t FREE = 0xFFFFFFFF
cdef int64_t BEFORE_ALL = -(1 << 62)
cdef uint64_t MOST_UNITS = 0xFFFFFFF0
"""Four bytes say where an entry is, in units of four bytes: 16 GiB for the cases of one policy in one task."""
cdef uint32_t SWEPT_FROM = 16

cdef uint64_t SEED = <uint64_t>(hash(b"passage of time") & 0x7FFFFFFFFFFFFFFF)
"""Another in each process, so that nobody can choose keys that meet in the table."""


# --- bytes -----------------------------------------------------------------------------------------------------------


cdef inline uint64_t mixed(uint64_t x) noexcept nogil:
    x ^= x >> 32
    x *= <uint64_t>0xD6E8FEB86659FD93
    x ^= x >> 32
    x *= <uint64_t>0xD6E8FEB86659FD93
    return x ^ (x >> 32)


cdef uint64_t hash_of(const uint8_t* at, size_t size) noexcept nogil:
    cdef uint64_t word, found = mixed(SEED ^ size)
    while size >= 8:
        memcpy(&word, at, 8)
        found = mixed(found ^ word)
        at += 8
        size -= 8
    if size:
        word = 0
        memcpy(&word, at, size)
        found = mixed(found ^ word)
    return found


cdef inline uint32_t read32(const uint8_t* at) noexcept nogil:
    cdef uint32_t found
    memcpy(&found, at, 4)
    return found


cdef inline uint16_t read16(const uint8_t* at) noexcept nogil:
    cdef uint16_t found
    memcpy(&found, at, 2)
    return found


cdef inline int64_t read64(const uint8_t* at) noexcept nogil:
    cdef int64_t found
    memcpy(&found, at, 8)
    return found


cdef int by_number(const void* one, const void* other) noexcept nogil:
    cdef uint32_t a = (<const uint32_t*>one)[0], b = (<const uint32_t*>other)[0]
    return (a > b) - (a < b)


def hashed(bytes key):
    """Where a key goes in the table: for tests that want keys to meet there."""
    return hash_of(<const uint8_t*>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key))


# --- parts -----------------------------------------------------------------------------------------------------------


cdef struct Terms:
    int64_t due
    int32_t ticks
    uint32_t schedule
    uint64_t users


cdef struct Shard:
    uint8_t* tags  # 0: empty, 1: was deleted, else 128 and seven bits of the hash
    uint32_t* places
    uint32_t size
    uint32_t used
    uint32_t deleted


cdef class Bucket:
    """The entries that wait at one ordinal, and how many of them are known to wait there no longer."""

    cdef uint32_t* places
    cdef uint32_t count
    cdef uint32_t room
    cdef uint32_t stale

    def __dealloc__(self):
        free(self.places)

    cdef int add(self, uint32_t place) except -1:
        cdef uint32_t room
        cdef uint32_t* more
        if self.count == self.room:
            room = self.room + self.room // 2 + 8
            more = <uint32_t*>realloc(self.places, <size_t>room * 4)
            if more == NULL:
                raise MemoryError
            self.places, self.room = more, room
        self.places[self.count] = place
        self.count += 1
        return 0


cdef class Fresh:
    """Where the cases wait that take a schedule's next tick for their number one, and the latest start among them."""

    cdef set dues
    cdef int64_t latest

    def __cinit__(self):
        self.dues = set()
        self.latest = BEFORE_ALL


cdef class Opener:
    """Opens a case: (key, started, the fact to keep). Good until the next tick."""

    cdef CaseBook book
    cdef Bucket waiting
    cdef Fresh fresh
    cdef bytes tail
    cdef uint32_t terms
    cdef int64_t since
    cdef int64_t count
    cdef int64_t folded
    cdef str schedule
    cdef bint is_good

    def __call__(self, bytes key not None, int64_t started, bytes fact not None):
        self.start(key, started, fact)

    cdef int start(self, bytes key, int64_t started, bytes fact) except -1:
        cdef CaseBook book = self.book
        cdef uint64_t hashed = book.hash_key(key)
        cdef uint32_t place = book.find(key, hashed)
        if not self.is_good:
            raise RuntimeError("an opener is good until the next tick; this is a bug of the caller")
        if place != NONE and not book.gives_way(place, started):
            return 0
        if started < self.since:
            book.start_late(self, key, hashed, place, started, fact)
            return 0
        place = book.write(key, hashed, place, OPEN, started, self.terms, fact)
        book.tell(key, head_and(OPEN, started, self.tail, fact))
        book.open += 1
        self.waiting.add(place)
        if started > self.fresh.latest:
            self.fresh.latest = started
        return 0


cdef class Markers:
    """What the markers of one schedule's cases have in common."""

    cdef int64_t at
    cdef uint32_t terms
    cdef bytes tail
    cdef Bucket waiting


cdef class Closer:
    """Closes an aggregate's case, counting those there is nothing of: (key, and what an opener gets). Good until the
    next tick."""

    cdef CaseBook book
    cdef dict folded
    cdef int64_t ticks
    cdef list markers
    cdef bint is_good

    def __call__(self, bytes key not None, started, fact):
        return self.end(key)

    cdef bint end(self, bytes key) except -1:
        cdef CaseBook book = self.book
        cdef uint64_t hashed = book.hash_key(key)
        cdef uint32_t place = book.find(key, hashed), terms, schedule
        cdef uint8_t* entry
        cdef int64_t due, started
        cdef Markers markers
        if not self.is_good:
            raise RuntimeError("a closer is good until the next tick; this is a bug of the caller")
        if place == NONE:
            book.unmatched += 1
            return False
        entry = book.entry(place)
        if entry[0] == ENDED:
            return True
        terms = read32(entry + 4)
        due, started = book.terms[terms].due, read64(entry + 8)
        schedule = book.terms[terms].schedule
        markers = <Markers>self.markers[schedule] if schedule < <uint32_t>len(self.markers) else None
        if markers is None:
            markers = self.share(schedule)
        if entry[0] == OPEN:
            book.open -= 1
        if self.ticks:
            place = book.write(key, hashed, place, ENDED, started, markers.terms, b"")
            book.tell(key, head_and(ENDED, started, markers.tail, b""))
            markers.waiting.add(place)
        else:
            book.remove(key, hashed)
            book.tell(key, None)
        if due > markers.at:
            book.forget(<str>book.schedules[schedule], due)
        else:
            book.passed.discard(key)
        return True

    cdef Markers share(self, uint32_t schedule):
        cdef Markers markers = Markers.__new__(Markers)
        name = <str>self.book.schedules[schedule]
        markers.at = self.folded.get(name, 0)
        if self.ticks:
            markers.terms = self.book.terms_of(schedule, markers.at + self.ticks, self.ticks)
            self.book.terms[markers.terms].users += 1
            markers.tail = self.book.tail_of(markers.terms)
            markers.waiting = self.book.bucket(name, markers.at + self.ticks)
        while len(self.markers) <= schedule:
            self.markers.append(None)
        self.markers[schedule] = markers
        return markers


cdef class Waiting:
    """What cases that are being loaded have in common: when they are due, and how far their schedule has come."""

    cdef bytes tail
    cdef int64_t due
    cdef int64_t passed
    cdef int32_t ticks
    cdef uint32_t schedule
    cdef uint32_t terms
    cdef Bucket bucket
    cdef Fresh fresh


cdef class Loading:
    cdef dict known
    cdef dict folded
    cdef Waiting last


cdef bytes head_and(int kind, int64_t started, bytes tail, bytes fact):
    """A case as it stands on the changelog."""
    cdef Py_ssize_t of_tail = PyBytes_GET_SIZE(tail), of_fact = PyBytes_GET_SIZE(fact)
    cdef bytes value = PyBytes_FromStringAndSize(NULL, 9 + of_tail + of_fact)
    cdef char* at = PyBytes_AS_STRING(value)
    at[0] = <char>kind
    memcpy(at + 1, &started, 8)
    memcpy(at + 9, PyBytes_AS_STRING(tail), of_tail)
    memcpy(at + 9 + of_tail, PyBytes_AS_STRING(fact), of_fact)
    return value


cdef bytes shared_of(bytes value):
    """Of a case, what those have in common that wait in one place (`case.wait_of`)."""
    return value[:1] + value[9 : VALUE_HEAD + 1 + value[VALUE_HEAD]]


# --- the book --------------------------------------------------------------------------------------------------------


cdef class CaseBook:
    """One policy's cases by aggregate key, and what is due when. Every change is told to `changed`."""

    cdef object _ticks
    cdef object _changed
    cdef dict _changes
    cdef public set passed
    cdef public int64_t open
    cdef public int64_t unmatched
    cdef uint8_t* memory
    cdef uint64_t used
    cdef uint64_t room
    cdef uint32_t[SMALL] free_small
    cdef dict free_large
    cdef int dumps
    cdef Shard[SHARDS] shards
    cdef int64_t count
    cdef Terms* terms
    cdef uint32_t terms_used
    cdef uint32_t terms_room
    cdef list terms_free
    cdef dict terms_index
    cdef list schedules
    cdef dict schedule_numbers
    cdef dict buckets
    cdef dict fresh
    cdef dict openers
    cdef dict closers
    cdef object is_over
    cdef int64_t now
    cdef dict kept

    def __cinit__(self):
        self.used = 1  # place 0 is no place

    def __init__(self, ticks, changed, is_over=at_once):
        self._ticks = ticks
        self.is_over, self.now, self.kept = is_over, BEFORE_ALL, {}
        self.changed = changed
        self.passed = set()
        self.free_large, self.terms_free, self.terms_index = {}, [], {}
        self.schedules, self.schedule_numbers = [], {}
        self.buckets, self.fresh, self.openers, self.closers = {}, {}, {}, {}

    def __dealloc__(self):
        cdef int number
        for number in range(SHARDS):
            free(self.shards[number].tags)
            free(self.shards[number].places)
        free(self.memory)
        free(self.terms)

    @property
    def changed(self):
        return self._changed

    @changed.setter
    def changed(self, tell):
        owner = getattr(tell, "__self__", None)
        is_item = type(owner) is dict and getattr(tell, "__name__", "") == "__setitem__"
        self._changes, self._changed = (owner if is_item else None), tell

    cdef inline int tell(self, bytes key, value) except -1:
        if self._changes is not None:
            PyDict_SetItem(self._changes, key, value)
        else:
            self._changed(key, value)
        return 0

    def __len__(self):
        return self.count

    def get(self, bytes key not None):
        cdef uint32_t place = self.find(key, self.hash_key(key))
        return None if place == NONE else self.value_at(place)

    def items(self):
        """Every case; changes while it is read are seen or not."""
        cdef uint64_t at = 1
        cdef uint32_t place
        while at < self.used:
            place = <uint32_t>at
            at += self.units_at(self.entry(place))
            if read32(self.entry(place) + 4) != FREE:
                yield self.key_at(place), self.value_at(place)

    # --- memory ------------------------------------------------------------------------------------------------------

    cdef inline uint8_t* entry(self, uint32_t place) noexcept nogil:
        return self.memory + <uint64_t>place * 4

    cdef inline uint64_t hash_key(self, bytes key) noexcept:
        return hash_of(<const uint8_t*>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key))

    cdef inline const uint8_t* key_of(self, const uint8_t* entry, size_t* size) noexcept nogil:
        if entry[1] == 255:
            size[0] = read32(entry + HEAD)
            return entry + HEAD + WIDE
        size[0] = entry[1]
        return entry + HEAD

    cdef inline const uint8_t* fact_of(self, const uint8_t* entry, size_t* size) noexcept nogil:
        if entry[1] == 255:
            size[0] = read32(entry + HEAD + 4)
            return entry + HEAD + WIDE + read32(entry + HEAD)
        size[0] = read16(entry + 2)
        return entry + HEAD + entry[1]

    cdef uint64_t units_for(self, uint64_t of_key, uint64_t of_fact) noexcept nogil:
        """How many units of four bytes an entry gets. Great ones are rounded up, so that a freed one finds a taker."""
        cdef uint64_t units = HEAD + of_key + of_fact, step = 1
        if of_key >= 255 or of_fact >= 65535:
            units += WIDE
        units = (units + 3) // 4
        if units >= SMALL:
            while units // step >= 16:
                step *= 2
            units = (units + step - 1) // step * step
        return units

    cdef uint64_t units_at(self, const uint8_t* entry) noexcept nogil:
        cdef size_t of_key, of_fact
        self.key_of(entry, &of_key)
        self.fact_of(entry, &of_fact)
        return self.units_for(of_key, of_fact)

    cdef uint32_t take(self, uint64_t units) except? 0:
        """A place for an entry; while a dump walks through the memory, behind all that was there."""
        cdef uint32_t place = NONE
        cdef uint64_t room
        cdef uint8_t* more
        if not self.dumps:
            if units < SMALL:
                place = self.free_small[units]
                if place != NONE:
                    self.free_small[units] = read32(self.entry(place) + 8)
                    return place
            else:
                place = self.free_large.pop(units, NONE)
                if place != NONE:
                    if read32(self.entry(place) + 8) != NONE:
                        self.free_large[units] = read32(self.entry(place) + 8)
                    return place
        if self.used + units > self.room:
            room = self.used + units + (self.used // 4) + 256
            if self.used + units > MOST_UNITS:
                raise MemoryError("more than 16 GiB of cases in one policy of one task; use more partitions")
            more = <uint8_t*>realloc(self.memory, room * 4)
            if more == NULL:
                raise MemoryError
            self.memory, self.room = more, room
        place = <uint32_t>self.used
        self.used += units
        return place

    cdef int give_back(self, uint32_t place) except -1:
        cdef uint8_t* entry = self.entry(place)
        cdef uint64_t units = self.units_at(entry)
        cdef uint32_t next_free, gone = FREE
        self.release(read32(entry + 4))
        if units < SMALL:
            next_free = self.free_small[units]
            self.free_small[units] = place
        else:
            next_free = self.free_large.get(units, NONE)
            self.free_large[units] = place
        entry = self.entry(place)
        memcpy(entry + 4, &gone, 4)
        memcpy(entry + 8, &next_free, 4)
        return 0

    cdef uint32_t write(
        self, bytes key, uint64_t hashed, uint32_t place, int kind, int64_t started, uint32_t terms, bytes fact
    ) except? 0:
        """Set the case of a key, at `place` until now (NONE: there was none)."""
        return self.write_raw(
            <const uint8_t*>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), hashed, place, kind, started, terms,
            <const uint8_t*>PyBytes_AS_STRING(fact), PyBytes_GET_SIZE(fact),
        )

    cdef uint32_t write_raw(
        self, const uint8_t* key, uint64_t of_key, uint64_t hashed, uint32_t place, int kind, int64_t started,
        uint32_t terms, const uint8_t* fact, uint64_t of_fact,
    ) except? 0:
        cdef uint64_t units = self.units_for(of_key, of_fact)
        cdef uint32_t before = place, wide_key = <uint32_t>of_key, wide_fact = <uint32_t>of_fact
        cdef uint16_t short_fact
        cdef uint8_t* at
        if of_key > 0x7FFFFFFF or of_fact > 0x7FFFFFFF:
            raise OverflowError("a key or a fact of more than 2 GiB")
        self.terms[terms].users += 1
        if before != NONE and self.units_at(self.entry(before)) == units:
            self.release(read32(self.entry(before) + 4))
        else:
            place = self.take(units)
        at = self.entry(place)
        at[0] = <uint8_t>kind
        memcpy(at + 4, &terms, 4)
        memcpy(at + 8, &started, 8)
        if of_key >= 255 or of_fact >= 65535:
            at[1], short_fact = 255, 65535
            memcpy(at + HEAD, &wide_key, 4)
            memcpy(at + HEAD + 4, &wide_fact, 4)
            memcpy(at + HEAD + WIDE, key, of_key)
            memcpy(at + HEAD + WIDE + of_key, fact, of_fact)
        else:
            at[1], short_fact = <uint8_t>of_key, <uint16_t>of_fact
            memcpy(at + HEAD, key, of_key)
            memcpy(at + HEAD + of_key, fact, of_fact)
        memcpy(at + 2, &short_fact, 2)
        if before == NONE:
            self.insert(hashed, place)
            self.count += 1
        elif place != before:
            self.replace(hashed, before, place)
            self.give_back(before)
        return place

    cdef bytes key_at(self, uint32_t place):
        cdef size_t size
        cdef const uint8_t* key = self.key_of(self.entry(place), &size)
        return PyBytes_FromStringAndSize(<const char*>key, size)

    cdef bytes value_at(self, uint32_t place):
        cdef uint8_t* entry = self.entry(place)
        cdef bytes tail = self.tail_of(read32(entry + 4))
        cdef size_t size
        cdef const uint8_t* fact = self.fact_of(entry, &size)
        return head_and(entry[0], read64(entry + 8), tail, PyBytes_FromStringAndSize(<const char*>fact, size))

    # --- terms -------------------------------------------------------------------------------------------------------

    cdef uint32_t schedule_number(self, str schedule) except? 0xFFFFFFFF:
        number = self.schedule_numbers.get(schedule)
        if number is None:
            if len(schedule.encode()) > 255:
                raise ValueError(f"the schedule's name {schedule!r} is longer than 255 bytes")
            number = self.schedule_numbers[schedule] = len(self.schedules)
            self.schedules.append(schedule)
        return number

    cdef uint32_t terms_of(self, uint32_t schedule, int64_t due, int64_t ticks) except? 0xFFFFFFFF:
        """The number of these terms. Who keeps it counts as a user."""
        cdef uint32_t number, room
        cdef Terms* more
        if ticks < -0x80000000 or ticks > 0x7FFFFFFF:
            raise OverflowError(f"{ticks} ticks can't be counted")
        found = self.terms_index.get((schedule, due, ticks))
        if found is not None:
            return found
        if self.terms_free:
            number = self.terms_free.pop()
        else:
            if self.terms_used == self.terms_room:
                room = self.terms_room + self.terms_room // 2 + 16
                more = <Terms*>realloc(self.terms, <size_t>room * sizeof(Terms))
                if more == NULL:
                    raise MemoryError
                self.terms, self.terms_room = more, room
            number = self.terms_used
            self.terms_used += 1
        self.terms[number].due, self.terms[number].ticks = due, <int32_t>ticks
        self.terms[number].schedule, self.terms[number].users = schedule, 0
        self.terms_index[schedule, due, ticks] = number
        return number

    cdef int release(self, uint32_t number) except -1:
        cdef Terms* terms = &self.terms[number]
        terms.users -= 1
        if terms.users == 0:
            del self.terms_index[terms.schedule, terms.due, terms.ticks]
            self.terms_free.append(number)
        return 0

    cdef bytes tail_of(self, uint32_t number):
        cdef Terms* terms = &self.terms[number]
        cdef bytes name = (<str>self.schedules[terms.schedule]).encode()
        cdef bytes tail = PyBytes_FromStringAndSize(NULL, 13 + len(name))
        cdef char* at = PyBytes_AS_STRING(tail)
        memcpy(at, &terms.due, 8)
        memcpy(at + 8, &terms.ticks, 4)
        at[12] = <char><uint8_t>len(name)
        memcpy(at + 13, PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name))
        return tail

    # --- the table ---------------------------------------------------------------------------------------------------

    cdef inline bint holds_key(self, uint32_t place, const uint8_t* key, size_t size) noexcept nogil:
        cdef size_t found
        cdef const uint8_t* at = self.key_of(self.entry(place), &found)
        return found == size and memcmp(at, key, size) == 0

    cdef uint32_t find(self, bytes key, uint64_t hashed) noexcept:
        return self.find_raw(<const uint8_t*>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key), hashed)

    cdef uint32_t find_raw(self, const uint8_t* key, size_t size, uint64_t hashed) noexcept nogil:
        cdef Shard* shard = &self.shards[hashed >> 58]
        cdef uint8_t tag = <uint8_t>(128 | (hashed & 127))
        cdef uint32_t at
        if shard.size == 0:
            return NONE
        at = first_of(shard, hashed)
        while shard.tags[at]:
            if shard.tags[at] == tag and self.holds_key(shard.places[at], key, size):
                return shard.places[at]
            at = at + 1 if at + 1 < shard.size else 0
        return NONE

    cdef uint32_t slot_of(self, Shard* shard, uint64_t hashed, uint32_t place) noexcept nogil:
        """Where the table has this place, which must be in it."""
        cdef uint32_t at = first_of(shard, hashed)
        while shard.tags[at] < 2 or shard.places[at] != place:
            at = at + 1 if at + 1 < shard.size else 0
        return at

    cdef int insert(self, uint64_t hashed, uint32_t place) except -1:
        """Add a key the table does not have."""
        cdef Shard* shard = &self.shards[hashed >> 58]
        cdef uint32_t at
        if <uint64_t>(shard.used + shard.deleted + 1) * 5 > <uint64_t>shard.size * 4:
            self.grow(shard)
        at = first_of(shard, hashed)
        while shard.tags[at] > 1:
            at = at + 1 if at + 1 < shard.size else 0
        shard.deleted -= shard.tags[at]
        shard.tags[at] = <uint8_t>(128 | (hashed & 127))
        shard.places[at] = place
        shard.used += 1
        return 0

    cdef int grow(self, Shard* shard) except -1:
        """A larger table for these keys, or as large a one without what was deleted."""
        cdef uint64_t size = shard.size
        cdef Shard larger
        cdef uint32_t at, to
        cdef uint64_t hashed
        cdef size_t of_key
        cdef const uint8_t* key
        if <uint64_t>shard.used * 5 >= size * 3:
            size = size + size // 2 + 8
        if size > 0xFFFFFFFF:
            raise MemoryError
        larger.tags, larger.places = <uint8_t*>calloc(size, 1), <uint32_t*>malloc(size * 4)
        if larger.tags == NULL or larger.places == NULL:
            free(larger.tags)
            free(larger.places)
            raise MemoryError
        larger.size, larger.used, larger.deleted = <uint32_t>size, shard.used, 0
        for at in range(shard.size):
            if shard.tags[at] > 1:
                key = self.key_of(self.entry(shard.places[at]), &of_key)
                hashed = hash_of(key, of_key)
                to = first_of(&larger, hashed)
                while larger.tags[to]:
                    to = to + 1 if to + 1 < larger.size else 0
                larger.tags[to], larger.places[to] = shard.tags[at], shard.places[at]
        free(shard.tags)
        free(shard.places)
        shard[0] = larger
        return 0

    cdef int replace(self, uint64_t hashed, uint32_t before, uint32_t place) except -1:
        cdef Shard* shard = &self.shards[hashed >> 58]
        shard.places[self.slot_of(shard, hashed, before)] = place
        return 0

    cdef bint remove(self, bytes key, uint64_t hashed) except -1:
        """Forget a case, untold. False where there is none."""
        cdef Shard* shard = &self.shards[hashed >> 58]
        cdef uint32_t place = self.find(key, hashed), at, following
        if place == NONE:
            return False
        at = self.slot_of(shard, hashed, place)
        following = at + 1 if at + 1 < shard.size else 0
        shard.used -= 1
        if shard.tags[following] == 0:
            shard.tags[at] = 0
        else:
            shard.tags[at] = 1
            shard.deleted += 1
        self.give_back(place)
        self.count -= 1
        return True

    # --- the due index -----------------------------------------------------------------------------------------------

    cdef Bucket bucket(self, str schedule, int64_t ordinal):
        found = self.buckets.get((schedule, ordinal))
        if found is None:
            found = self.buckets[schedule, ordinal] = Bucket.__new__(Bucket)
        return <Bucket>found

    cdef Fresh fresh_of(self, str schedule):
        found = self.fresh.get(schedule)
        if found is None:
            found = self.fresh[schedule] = Fresh.__new__(Fresh)
        return <Fresh>found

    cdef int forget(self, str schedule, int64_t ordinal) except -1:
        """One entry of this bucket no longer holds. Amortised constant time."""
        found = self.buckets.get((schedule, ordinal))
        if found is None:
            return 0
        cdef Bucket bucket = <Bucket>found
        bucket.stale += 1
        if <uint64_t>bucket.stale * 4 > <uint64_t>bucket.count * 3 and bucket.stale > SWEPT_FROM:
            self.sweep(bucket, schedule, ordinal)
        return 0

    cdef int sweep(self, Bucket bucket, str schedule, int64_t ordinal) except -1:
        """Keep what holds, each once, in the order of memory."""
        cdef uint32_t number = self.schedule_number(schedule), at, place, terms, kept = 0, last = NONE
        if bucket.count > 1:
            qsort(bucket.places, bucket.count, 4, by_number)
        for at in range(bucket.count):
            place = bucket.places[at]
            terms = read32(self.entry(place) + 4)
            if terms == FREE or place == last or self.entry(place)[0] == PARKED:
                continue
            if self.terms[terms].due == ordinal and self.terms[terms].schedule == number:
                bucket.places[kept] = last = place
                kept += 1
        bucket.count, bucket.stale = kept, 0
        return 0

    # --- facts -------------------------------------------------------------------------------------------------------

    def start(self, bytes key not None, int64_t started, count, str schedule, folded, bytes fact not None):
        (<Opener>self.opener(count, schedule, folded)).start(key, started, fact)

    def opener(self, count, str schedule not None, folded):
        found = self.openers.get((count, schedule))
        return self.new_opener(count, schedule, folded) if found is None else found

    cdef Opener new_opener(self, int64_t count, str schedule, int64_t folded):
        cdef Opener one = Opener.__new__(Opener)
        one.since = self._ticks.settled_from(schedule, folded)
        one.book, one.schedule, one.count, one.folded = self, schedule, count, folded
        one.terms = self.terms_of(self.schedule_number(schedule), folded + count, count)
        self.terms[one.terms].users += 1
        one.tail = self.tail_of(one.terms)
        one.waiting = self.bucket(schedule, folded + count)
        one.fresh = self.fresh_of(schedule)
        one.fresh.dues.add(folded + count)
        one.is_good = True
        self.openers[count, schedule] = one
        return one

    cdef bint gives_way(self, uint32_t place, int64_t started) except -1:
        cdef uint8_t* entry = self.entry(place)
        cdef Terms* terms = &self.terms[read32(entry + 4)]
        if entry[0] != ENDED or started <= read64(entry + 8):
            return False
        self.forget(<str>self.schedules[terms.schedule], terms.due)
        return True

    cdef int start_late(
        self, Opener opener, bytes key, uint64_t hashed, uint32_t place, int64_t started, bytes fact
    ) except -1:
        cdef int64_t due = self._ticks.passed(opener.schedule, started, opener.folded) + opener.count
        cdef uint32_t terms = self.terms_of(self.schedule_number(opener.schedule), due, opener.count)
        place = self.write(key, hashed, place, OPEN, started, terms, fact)
        self.tell(key, self.value_at(place))
        self.open += 1
        if due <= opener.folded:
            self.passed.add(key)
            return 0
        self.bucket(opener.schedule, due).add(place)
        if due - opener.count == opener.folded:
            opener.fresh.dues.add(due)
            if started > opener.fresh.latest:
                opener.fresh.latest = started
        return 0

    def end(self, bytes key not None, dict folded, marker_ticks):
        if self.find(key, self.hash_key(key)) == NONE:
            return False
        return (<Closer>self.closer(folded, marker_ticks)).end(key)

    def closer(self, dict folded not None, marker_ticks):
        cdef Closer one
        found = self.closers.get(marker_ticks)
        if found is not None:
            return found
        one = Closer.__new__(Closer)
        one.book, one.folded, one.ticks, one.markers, one.is_good = self, folded, marker_ticks, [], True
        self.closers[marker_ticks] = one
        return one

    def mark_ended(self, bytes key not None, state, dict folded, int64_t marker_ticks):
        if state.kind == OPEN:
            self.open -= 1
        if marker_ticks == 0:
            self.drop(key)
            return
        cdef int64_t until = folded.get(state.schedule, 0) + marker_ticks
        place = self.put(key, ENDED, state.started, until, marker_ticks, state.schedule, b"")
        self.bucket(state.schedule, until).add(place)

    def park(self, bytes key not None, state):
        self.open -= 1
        self.put(key, PARKED, state.started, state.due, state.ticks, state.schedule, state.fact)

    def resume(self, bytes key not None):
        cdef uint32_t place = self.find(key, self.hash_key(key))
        if place == NONE or self.entry(place)[0] != PARKED:
            return False
        self.entry(place)[0] = <uint8_t>OPEN
        self.tell(key, self.value_at(place))
        self.open += 1
        self.passed.add(key)
        return True

    cdef uint32_t put(
        self, bytes key, int kind, int64_t started, int64_t due, int64_t ticks, str schedule, bytes fact
    ) except? 0:
        cdef uint64_t hashed = self.hash_key(key)
        cdef uint32_t terms = self.terms_of(self.schedule_number(schedule), due, ticks)
        cdef uint32_t place = self.write(key, hashed, self.find(key, hashed), kind, started, terms, fact)
        self.tell(key, self.value_at(place))
        return place

    cdef int drop(self, bytes key) except -1:
        if not self.remove(key, self.hash_key(key)):
            raise KeyError(key)
        self.tell(key, None)
        return 0

    # --- ticks -------------------------------------------------------------------------------------------------------

    cdef int lay_down(self) except -1:
        """What was prepared until the next tick is good no longer."""
        cdef Opener opener
        cdef Closer closer
        cdef Markers markers
        for opener in self.openers.values():
            opener.is_good = False
            self.release(opener.terms)
        for closer in self.closers.values():
            closer.is_good = False
            for markers in closer.markers:
                if markers is not None and closer.ticks:
                    self.release(markers.terms)
        self.openers.clear()
        self.closers.clear()
        return 0

    def settle(self, str schedule not None, int64_t ordinal, int64_t ends_at):
        cdef Fresh fresh
        cdef uint32_t number
        self.now = ends_at
        self.lay_down()
        found = self.fresh.get(schedule)
        if found is None:
            return
        fresh = <Fresh>found
        del self.fresh[schedule]
        if fresh.latest < ends_at:
            return
        number = self.schedule_number(schedule)
        for due in sorted(fresh.dues, reverse=True):  # the later first: what moves on by one is not met again
            if (schedule, due) in self.buckets:
                self.move_on(schedule, number, due, ordinal, ends_at)

    cdef int move_on(self, str schedule, uint32_t number, int64_t due, int64_t ordinal, int64_t ends_at) except -1:
        cdef Bucket bucket = self.bucket(schedule, due)
        cdef uint32_t at = 0, place, terms
        cdef int64_t base, started
        cdef Fresh waiting = self.fresh_of(schedule)
        self.sweep(bucket, schedule, due)
        while at < bucket.count:
            place = bucket.places[at]
            at += 1
            terms = read32(self.entry(place) + 4)
            started, base = read64(self.entry(place) + 8), due - self.terms[terms].ticks
            if self.entry(place)[0] != OPEN or base < ordinal - 1 or (base < ordinal and started < ends_at):
                continue
            if base < ordinal:
                terms = self.terms_of(number, due + 1, self.terms[terms].ticks)
                self.terms[terms].users += 1
                self.release(read32(self.entry(place) + 4))
                memcpy(self.entry(place) + 4, &terms, 4)
                self.tell(self.key_at(place), self.value_at(place))
                self.bucket(schedule, due + 1).add(place)
                bucket.stale += 1
                waiting.dues.add(due + 1)
            else:
                waiting.dues.add(due)
            if started > waiting.latest:
                waiting.latest = started
        return 0

    def pop_due(self, str schedule not None, int64_t ordinal):
        cdef uint32_t at, place
        cdef Bucket bucket, ended
        cdef list due = []
        found = self.buckets.pop((schedule, ordinal), None)
        if found is not None:
            bucket, ended = <Bucket>found, Bucket.__new__(Bucket)
            self.sweep(bucket, schedule, ordinal)
            for at in range(bucket.count):
                place = bucket.places[at]
                if self.entry(place)[0] == OPEN:
                    due.append(self.key_at(place))
                else:
                    ended.add(place)
            if ended.count and self.is_over(schedule, ordinal, self.now):
                self.drop_all(ended)
            elif ended.count:
                self.buckets[schedule, ordinal] = ended
                heappush(self.kept.setdefault(schedule, []), ordinal)
            due.sort()
        kept = self.kept.get(schedule)
        while kept and self.is_over(schedule, kept[0], self.now):
            self.let_go(schedule, heappop(kept))
        return due

    cdef int let_go(self, str schedule, int64_t ordinal) except -1:
        """The markers that have waited there have served their time."""
        found = self.buckets.pop((schedule, ordinal), None)
        if found is not None:
            self.sweep(<Bucket>found, schedule, ordinal)
            self.drop_all(<Bucket>found)
        return 0

    cdef int drop_all(self, Bucket bucket) except -1:
        cdef uint32_t at
        cdef list keys = []
        for at in range(bucket.count):
            keys.append(self.key_at(bucket.places[at]))
        keys.sort()
        for key in keys:
            self.drop(<bytes>key)
        return 0

    def put_back(self, str schedule not None, int64_t ordinal, list keys not None):
        cdef Bucket bucket = self.bucket(schedule, ordinal)
        cdef uint32_t number = self.schedule_number(schedule), place
        cdef Terms* terms
        for key in keys:
            place = self.find(<bytes?>key, self.hash_key(<bytes?>key))
            if place == NONE:
                raise KeyError(key)
            terms = &self.terms[read32(self.entry(place) + 4)]
            if terms.schedule == number and terms.due == ordinal:
                bucket.add(place)
            else:
                self.passed.add(key)

    # --- snapshot and restore ----------------------------------------------------------------------------------------

    def dump(self):
        return dumped(self.keys_there(), self.get, shared_of)

    def keys_there(self):
        """The keys that are there now, while cases may change. What is new meanwhile goes behind them."""
        cdef uint64_t at = 1, end = self.used
        cdef uint32_t place
        self.dumps += 1
        try:
            while at < end:
                place = <uint32_t>at
                at += self.units_at(self.entry(place))
                if read32(self.entry(place) + 4) != FREE:
                    yield self.key_at(place)
        finally:
            self.dumps -= 1

    def load_column(self, column, dict folded not None):
        cdef bytes keys = column.keys, values = column.values
        cdef Py_ssize_t of_key = column.key_bytes, of_value = column.value_bytes, count = column.rows, at
        # Counted by Python, whose numbers don't run over.
        if column.rows * column.key_bytes != len(keys) or column.rows * column.value_bytes != len(values) or (
            count < 0 or of_key < 0 or of_value < 0
        ):
            raise ValueError(f"a column of {count} keys and values does not have the lengths it says")
        cdef Loading loading = Loading.__new__(Loading)
        loading.known, loading.folded = {}, folded
        for at in range(count):
            self.place(
                <const uint8_t*>PyBytes_AS_STRING(keys) + at * of_key, of_key,
                <const uint8_t*>PyBytes_AS_STRING(values) + at * of_value, of_value, loading,
            )

    def unload(self, keys):
        cdef uint32_t place
        cdef uint8_t* entry
        cdef Terms* terms
        for key in keys:
            place = self.find(<bytes?>key, self.hash_key(<bytes?>key))
            if place == NONE:
                continue
            entry = self.entry(place)
            terms = &self.terms[read32(entry + 4)]
            kind, due, schedule = entry[0], terms.due, <str>self.schedules[terms.schedule]
            self.remove(<bytes>key, self.hash_key(<bytes>key))
            if kind == PARKED:
                continue
            if kind == OPEN:
                self.open -= 1
                self.passed.discard(key)
            self.forget(schedule, due)

    def load(self, dict cases not None, dict folded not None):
        """Takes the dictionary empty, so that a case is not held twice."""
        cdef Loading loading = Loading.__new__(Loading)
        loading.known, loading.folded = {}, folded
        self.lay_down()
        while cases:
            key, value = cases.popitem()
            self.place(
                <const uint8_t*>PyBytes_AS_STRING(<bytes?>key), PyBytes_GET_SIZE(<bytes?>key),
                <const uint8_t*>PyBytes_AS_STRING(<bytes?>value), PyBytes_GET_SIZE(<bytes?>value), loading,
            )

    cdef int place(
        self, const uint8_t* key, Py_ssize_t of_key, const uint8_t* value, Py_ssize_t of_value, Loading loading
    ) except -1:
        """Take in a case as it stands on the changelog."""
        cdef Py_ssize_t of_tail
        cdef uint64_t hashed
        cdef uint32_t at
        cdef int64_t started
        cdef Waiting same = loading.last
        if of_value < VALUE_HEAD + 1 or of_value < VALUE_HEAD + 1 + value[VALUE_HEAD]:
            raise ValueError(f"{of_value} bytes are no case")
        started, of_tail = read64(value + 1), VALUE_HEAD + 1 + value[VALUE_HEAD] - 9
        if same is None or of_tail != PyBytes_GET_SIZE(same.tail) or memcmp(
            value + 9, PyBytes_AS_STRING(same.tail), of_tail
        ):
            same = loading.last = self.waiting_for(PyBytes_FromStringAndSize(<const char*>value + 9, of_tail), loading)
        hashed = hash_of(key, of_key)
        at = self.write_raw(
            key, of_key, hashed, self.find_raw(key, of_key, hashed), value[0], started,
            self.terms_of(same.schedule, same.due, same.ticks) if same.terms == FREE else same.terms,
            value + 9 + of_tail, of_value - 9 - of_tail,
        )
        same.terms = read32(self.entry(at) + 4)
        if value[0] == PARKED:
            return 0
        if value[0] == OPEN:
            self.open += 1
            if same.due <= same.passed:
                self.passed.add(PyBytes_FromStringAndSize(<const char*>key, of_key))
            elif same.due - same.ticks >= same.passed:
                same.fresh.dues.add(same.due)
                if started > same.fresh.latest:
                    same.fresh.latest = started
        if same.due > same.passed or value[0] == ENDED:
            if same.bucket is None:
                same.bucket = self.bucket(<str>self.schedules[same.schedule], same.due)
                if same.due <= same.passed:
                    heappush(self.kept.setdefault(<str>self.schedules[same.schedule], []), same.due)
            same.bucket.add(at)
        return 0

    cdef Waiting waiting_for(self, bytes tail, Loading loading):
        """What the cases with these last bytes have in common."""
        cdef Waiting one = <Waiting>loading.known.get(tail)
        cdef const uint8_t* at = <const uint8_t*>PyBytes_AS_STRING(tail)
        if one is None:
            one = loading.known[tail] = Waiting.__new__(Waiting)
            name = tail[13:].decode()
            one.tail, one.schedule = tail, self.schedule_number(name)
            one.due, one.passed = read64(at), loading.folded.get(name, 0)
            memcpy(&one.ticks, at + 8, 4)
            one.fresh = self.fresh_of(name)
        # No longer pinned by what was written with them, its terms may be others by now.
        one.terms = FREE
        return one


cdef inline uint32_t first_of(const Shard* shard, uint64_t hashed) noexcept nogil:
    """Where the search for a key begins."""
    return <uint32_t>((<uint64_t><uint32_t>(hashed >> 7) * shard.size) >> 32)
