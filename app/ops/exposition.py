"""What /metrics tells: what processes have counted, and how things stand, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from app.infra.metrics import FAMILIES, store
from app.infra.metrics.kinds import Counter, Family, Histogram
from app.infra.metrics.store import Sample
from app.ops.gauges import GAUGES


def expose(session: Session) -> bytes:
    """Return the page: some hundred numbers, by a dozen short queries."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Known([*_counted(store.read(session)), *_standing(session)]))
    return generate_latest(registry)


class _Known(Collector):
    """Metrics that were read before they are asked for."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _standing(session: Session) -> Iterator[Metric]:
    for gauge in GAUGES:
        metric = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
        for labels, value in gauge.read(session).items():
            metric.add_metric(labels, value)
        yield metric


def _counted(samples: Iterable[Sample]) -> Iterator[Metric]:
    by_name: dict[str, list[Sample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    for family in FAMILIES:
        if isinstance(family, Histogram):
            yield _histogram(family, by_name)
        else:
            yield _plain(family, by_name.get(family.name, ()))


def _plain(family: Family, samples: Iterable[Sample]) -> Metric:
    kind = CounterMetricFamily if isinstance(family, Counter) else GaugeMetricFamily
    metric = kind(family.name, family.help, labels=family.labels)
    for sample in samples:
        metric.add_metric(_values(family, sample), sample.value)
    return metric


def _histogram(family: Histogram, by_name: Mapping[str, list[Sample]]) -> Metric:
    """Each bound was counted alone; Prometheus wants it with all that is below."""
    counts = {
        (_values(family, sample), sample.labels["le"]): sample.value
        for sample in by_name.get(f"{family.name}_bucket", ())
    }
    metric = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    for sample in by_name.get(f"{family.name}_sum", ()):
        values, below, buckets = _values(family, sample), 0.0, []
        for bound in (*map(str, family.bounds), "+Inf"):
            below += counts.get((values, bound), 0.0)
            buckets.append((bound, below))
        metric.add_metric(values, buckets, sum_value=sample.value)
    return metric


def _values(family: Family, sample: Sample) -> tuple[str, ...]:
    return tuple(sample.labels[label] for label in family.labels)
