package operate

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/web"
)

// Gauge is a figure that a room tells when it is asked: how old the oldest unsequenced event is, how many jobs failed.
type Gauge struct {
	// Name is "antin_jobs"; Labels are of this one figure: state=failed.
	Name, Help string
	Labels     map[string]string
	Read       func(context.Context) (float64, error)
}

// Metrics are the figures of this node, in the form of Prometheus. It may be used concurrently.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	from     []netip.Prefix
}

// NewMetrics makes them; from are the networks that may ask.
func NewMetrics(log *slog.Logger, from []netip.Prefix, gauges ...Gauge) (*Metrics, error) {
	m := &Metrics{
		registry: prometheus.NewRegistry(), from: slices.Clone(from),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "antin_http_requests_total", Help: "Answers by route and status."}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "antin_http_request_seconds", Help: "How long answers took, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"route"}),
	}
	all := []prometheus.Collector{m.requests, m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})}
	for _, g := range gauges {
		all = append(all, &told{prometheus.NewDesc(g.Name, g.Help, nil, g.Labels), g, log})
	}
	for _, c := range all {
		if err := m.registry.Register(c); err != nil {
			return nil, fmt.Errorf("operate: %w", err)
		}
	}
	return m, nil
}

// Observe counts an answer: it fits [web.Config.Observe].
func (m *Metrics) Observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// told asks its room each time the figures are read. A figure that cannot be read is left out, and the log says why.
type told struct {
	desc *prometheus.Desc
	Gauge
	log *slog.Logger
}

// Describe implements [prometheus.Collector].
func (g *told) Describe(c chan<- *prometheus.Desc) { c <- g.desc }

// Collect implements [prometheus.Collector].
func (g *told) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	v, err := g.Read(ctx)
	if err != nil {
		g.log.Warn("a figure cannot be read", "name", g.Name, "error", err)
		return
	}
	c <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, v)
}

// page answers Prometheus. To all others there is nothing here.
func (m *Metrics) page(r *web.Request) (web.Answer, error) {
	if !slices.ContainsFunc(m.from, func(p netip.Prefix) bool { return p.Contains(r.Client) }) {
		return nil, fault.New(fault.NotFound, web.ErrNoPage, r.URL.Path)
	}
	families, err := m.registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("operate: %w", err)
	}
	var b bytes.Buffer
	form := expfmt.NewFormat(expfmt.TypeTextPlain)
	e := expfmt.NewEncoder(&b, form)
	for _, f := range families {
		if err := e.Encode(f); err != nil {
			return nil, fmt.Errorf("operate: %w", err)
		}
	}
	return &web.Download{Name: "metrics.txt", Type: string(form), Size: int64(b.Len()), Content: &b}, nil
}
