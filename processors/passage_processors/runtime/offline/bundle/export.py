"""Copying an app's history into a bundle, beside workers that go on.

What is to be copied is decided first (`deciding`) and written down (`journal`); then each partition is copied in parts,
one record after the other, and last the manifest makes a bundle of the directory. Whatever ends it before, kill -9 or a
full disk, the next run goes on behind the last part that is whole. What was copied is looked at before the manifest is
written: every fact that the cuts count, and every tick.
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import structlog

from passage_log.errors import Truncated
from passage_log.port import Log
from passage_log.ranges import RangeProgress, read_range
from passage_processors.app import App
from passage_processors.errors import ProcessorError
from passage_processors.runtime.offline.bundle.bundle_log import BundleLog, check_file
from passage_processors.runtime.offline.bundle.container import Summed, write_records
from passage_processors.runtime.offline.bundle.deciding import REMEDY, beginning, decide, gone
from passage_processors.runtime.offline.bundle.journal import ExportPlan, Journal, journal_in, taking_its_name
from passage_processors.runtime.offline.bundle.manifest import FactSchema, Manifest, OutputDigest, Part, Span
from passage_processors.runtime.offline.replay import Apart, check_floors, digest_of_output, read_feed
from passage_schemas.log_record import Record

_log = structlog.get_logger("passage.processors")

PART_BYTES = 64 << 20
"""Of records in one file, before compression: what is written again after a kill, and some seconds' work."""


def export(
    app: App,
    log: Log,
    directory: Path,
    told: RangeProgress = lambda _done, _total: None,
    part_bytes: int = PART_BYTES,
) -> Manifest:
    """Begin a bundle there, or go on with the one that was begun; it ends where that was to end.

    Raises ProcessorError where the log has lost what a replay needs, where the directory is not to be had, and for a
    full disk; Unreachable, Unfit."""
    try:
        with journal_in(directory) as journal:
            plan = _plan(app, log, directory, journal)
            copying = _Copying(log, directory, journal, plan, told, part_bytes)
            try:
                copying.run()
            finally:
                copying.close()
            manifest = _manifest(app, log, directory, journal, plan)
            journal.finish(manifest.as_text())
            return manifest
    except OSError as error:
        raise ProcessorError(
            f"{error.filename or directory}: can't be written: {(error.strerror or str(error)).lower()}; make room, or "
            f"mend the path, and export to {directory} again: it goes on where it stopped"
        ) from error


def _plan(app: App, log: Log, directory: Path, journal: Journal) -> ExportPlan:
    plan = journal.plan
    if plan is None:
        plan = decide(app, log)
        journal.begin(plan)
        return plan
    if (plan.app, plan.cluster) != (app.name, log.cluster_id()):
        raise ProcessorError(
            f"{directory}: has the unfinished export of {plan.app} from the cluster {plan.cluster}; name another "
            "directory, or remove it"
        )
    for part in chain(*journal.parts.values()):
        check_file(directory / part.file, part.bytes, part.sha256)
    _log.info("export_goes_on", directory=str(directory), parts=sum(map(len, journal.parts.values())))
    return plan


class _Copying:
    def __init__(
        self, log: Log, directory: Path, journal: Journal, plan: ExportPlan, told: RangeProgress, part_bytes: int
    ) -> None:
        self._reader = log.reader()
        self._directory, self._journal, self._plan = directory, journal, plan
        self._told, self._part_bytes = told, part_bytes
        self._total = sum(span.to_offset - span.from_offset for span in plan.spans)
        self._done = 0

    def run(self) -> None:
        for span in self._plan.spans:
            self._copy(span)
            self._done += span.to_offset - span.from_offset

    def _copy(self, span: Span) -> None:
        parts = self._journal.parts.get(span.place, [])
        at = parts[-1].next_offset if parts else span.from_offset
        records = self._records(span, at)
        try:
            while (first := next(records, None)) is not None:
                self._journal.add(span.place, self._part(span, first, records))
        except Truncated as error:
            raise gone(span.place, beginning(self._reader, span.place, span.to_offset).record) from error

    def _records(self, span: Span, at: int) -> Iterator[Record]:
        def told(done: int, _total: int) -> None:
            self._told(self._done + max(0, done - span.from_offset), self._total)

        return read_range(self._reader, {span.place: at}, {span.place: span.to_offset}, told)

    def _part(self, span: Span, first: Record, records: Iterator[Record]) -> Part:
        name = f"topics/{span.topic}/{span.partition}/{first.offset():020}.avro"
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with taking_its_name(path) as file:
            summed = Summed(file)
            written = write_records(summed, span.place, chain([first], records), self._part_bytes)
        return Part(name, written.records, summed.bytes, summed.sha256, first.offset(), written.next_offset)

    def close(self) -> None:
        self._reader.close()


# --- what was copied, looked at --------------------------------------------------------------------------------------


def _manifest(app: App, log: Log, directory: Path, journal: Journal, plan: ExportPlan) -> Manifest:
    spans = tuple(replace(span, parts=tuple(journal.parts.get(span.place, ()))) for span in plan.spans)
    manifest = Manifest(app.name, plan.cluster, version("passage-of-time"), plan.tasks, (), _schemas(app), spans)
    copied = BundleLog(directory, manifest)
    _check_counts(app, log, spans)
    try:
        check_floors(app, read_feed(app, copied))
    except ProcessorError as error:
        raise ProcessorError(
            f"{error}; ticks were let go of meanwhile: remove {directory}, and export again"
        ) from error
    return replace(manifest, digests=tuple(_digests(app, copied, spans)))


def _check_counts(app: App, log: Log, spans: tuple[Span, ...]) -> None:
    """Of a timeline there may be more, which somebody else wrote and every reader passes over."""
    for span in spans:
        is_exact = span.topic in app.sources
        if span.records < span.counted or (is_exact and span.records != span.counted):
            reader = log.reader()
            try:
                first = beginning(reader, span.place, span.to_offset).record
            finally:
                reader.close()
            begins = "" if first is None else f", from offset {first.offset()} on"
            raise ProcessorError(
                f"{span.topic}[{span.partition}]: {span.counted} were folded before offset {span.to_offset}, and "
                f"{span.records} are there{begins}: retention or compaction has let go of some; {REMEDY}"
            )


def _digests(app: App, copied: BundleLog, spans: tuple[Span, ...]) -> Iterator[OutputDigest]:
    apart = Apart()
    for span in spans:
        if span.topic == app.output:
            count, sha256 = digest_of_output(app, copied, span.partition, apart, span.settled_offset)
            yield OutputDigest(span.partition, count, sha256)
    if apart.count:
        yield OutputDigest(None, apart.count, apart.digest)


def _schemas(app: App) -> tuple[FactSchema, ...]:
    codecs = {handler.codec.name: handler.codec for handler in app.program.handlers.values()}
    return tuple(
        FactSchema(name, prefix.hex(), schema)
        for name, codec in sorted(codecs.items())
        for prefix, schema in codec.schemas.items()
    )
