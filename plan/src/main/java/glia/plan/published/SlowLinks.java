package glia.plan.published;

import glia.plan.data.Row;
import glia.plan.data.Tables;
import glia.plan.predict.SlowLink;
import java.util.List;

/// The bandwidths that keep devices busy, as simulated by the authors of Streaming DiLoCo, beside those of [SlowLink].
/// They tried 50 rates from 0.1 to 1,000 Gbit/s, evenly spaced by their logarithm, and published the lowest that
/// suffices. One number is fitted, the bits that a device sends for a parameter: to the first row, whose rate lies
/// between two of theirs.
///
/// Source: table of appendix, https://arxiv.org/abs/2502.12996
public final class SlowLinks {
    private static final int RATES = 50;
    private static final double LOWEST = 0.1e9;
    private static final double STEP = Math.pow(1e4, 1.0 / (RATES - 1));
    private static final int EVERY = 100;
    private static final int FRAGMENT_LAYERS = 3;

    private SlowLinks() { }

    /// A row.
    ///
    /// @param predicted Gbit/s, as is `published`
    /// @param steps of the grid from the published rate to the predicted one
    public record Compared(Row row, double published, double predicted, int steps) { }

    /// The bits of a parameter that are fitted.
    public static double bits() {
        Row row = rows().getFirst();
        // The time is proportional to bits / rate.
        return row.required("gbit_s") * 1e9 / Math.sqrt(STEP) / link(row, 1).rate(row.required("utilization"));
    }

    /// All rows.
    public static List<Compared> all() {
        double bits = bits();
        return rows().stream().map(row -> {
            double published = row.required("gbit_s");
            double least = link(row, bits).rate(row.required("utilization"));
            double predicted = LOWEST * Math.pow(STEP, Math.ceil(Math.log(least / LOWEST) / Math.log(STEP) - 1e-6))
                    / 1e9;
            return new Compared(row, published, predicted,
                    (int) Math.round(Math.log(predicted / published) / Math.log(STEP)));
        }).toList();
    }

    private static List<Row> rows() {
        return Tables.resource(SlowLinks.class, "slow-links.csv", "model", "gbit_s", "role");
    }

    private static SlowLink link(Row row, double bits) {
        int layers = (int) row.required("layers");
        boolean isStreaming = row.text("method").contains("DiLoCo");
        return new SlowLink(row.required("parameters"), layers, row.required("step_seconds"), isStreaming ? EVERY : 1,
                isStreaming ? layers / FRAGMENT_LAYERS : 1, bits);
    }
}
