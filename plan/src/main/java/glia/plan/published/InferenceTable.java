package glia.plan.published;

import glia.plan.data.Device;
import glia.plan.data.Devices;
import glia.plan.data.Row;
import glia.plan.predict.Decode;
import glia.plan.predict.Effects;
import glia.plan.predict.Prefill;
import glia.plan.predict.Serving;
import glia.plan.predict.Setup;
import glia.plan.predict.Setup.Split;
import glia.plan.predict.Shape;
import glia.plan.published.PublishedCase.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads rows of published speeds of inference. Rows whose hardware is not known, or whose figure mixes several kinds
/// of work, are left out, with the reason.
final class InferenceTable {
    private static final Pattern BITS = Pattern.compile(
            "(?:^|[^A-Z0-9])(?:IQ|Q|W|FP|BF|F|INT|EXL2 ?)(\\d+(?:\\.\\d+)?)");
    private static final Pattern PARALLEL = Pattern.compile("TP(\\d+)(?: PP(\\d+))?");
    private static final double USUAL_BITS = 4;
    private static final double SCALES = 1.06;

    private final Devices devices;
    private final Shapes shapes;
    private final List<String> leftOut;

    InferenceTable(Devices devices, Shapes shapes, List<String> leftOut) {
        this.devices = devices;
        this.shapes = shapes;
        this.leftOut = leftOut;
    }

    List<PublishedCase> read(List<Row> rows) {
        List<PublishedCase> cases = new ArrayList<>();
        for (Row row : rows) {
            String reason = reason(row);
            if (reason.isEmpty()) {
                of(row).ifPresentOrElse(cases::add, () -> leftOut.add(row.text("id")
                        + ": no prediction for the metric '"
                        + row.text("metric") + "' without one sequence or full load"));
            } else {
                leftOut.add(row.text("id") + ": " + reason);
            }
        }
        return cases;
    }

    private String reason(Row row) {
        String hardware = row.text("hardware");
        if (devices.find(hardware).isEmpty()) {
            return hardware.contains("+") ? "experts in the memory of CPUs beside a GPU are not predicted"
                    : "no device '" + hardware + "' is known";
        }
        return row.number("value").isEmpty() ? "it has no value" : "";
    }

    private Optional<PublishedCase> of(Row row) {
        String metric = row.text("metric");
        Shape shape = shapes.of(row);
        Setup setup = setup(row, shape);
        double value = row.required("value");
        double prompt = row.number("prompt_tokens", 0);
        double output = row.number("output_tokens", 0);
        double weights = row.number("weights_gb").orElse(shape.active() * setup.bits() * SCALES / 8e9) * 1e9;
        double context = row.number("mean_context", prompt + output / 2);
        boolean single = row.text("batch").isEmpty() || batch(row) == 1;
        if (metric.startsWith("prefill") && prompt > 0) {
            return Optional.of(make(row, Kind.PREFILL, value, e -> prompt / Prefill.seconds(e, setup, shape, prompt)));
        }
        if (metric.equals("decode tokens/s") && single || metric.startsWith("(prompt+generated)") && prompt <= 2) {
            return Optional.of(make(row, setup.device().kind() == Device.Kind.CPU ? Kind.DECODE_CPU : Kind.DECODE,
                    value, e -> 1 / Decode.seconds(e, setup, shape, weights, context)));
        }
        if (metric.startsWith("output tokens/s, all") && output > 0) {
            Serving.Load load = new Serving.Load(prompt, output, batch(row), setup.bits() <= 8 ? 1 : 2);
            double all = shape.parameters() * setup.bits() * SCALES / 8;
            return Optional.of(make(row, shape.isSparse() ? Kind.SERVING_EXPERTS : Kind.SERVING, value,
                    e -> Serving.outputRate(e, setup, shape, all, load)));
        }
        return Optional.empty();
    }

    private static double batch(Row row) {
        String text = row.text("batch");
        return text.matches("\\d+(\\.\\d+)?") ? Double.parseDouble(text) : 0;
    }

    private static PublishedCase make(Row row, Kind kind, double value, ToDoubleFunction<Effects> prediction) {
        return new PublishedCase(row.text("id"), row.text("source_key"), kind, value, prediction, row);
    }

    private Setup setup(Row row, Shape shape) {
        String parallel = row.text("parallelism");
        int count = (int) row.number("devices", 1);
        Matcher both = PARALLEL.matcher(parallel);
        boolean layers = parallel.contains("layer") || both.matches() && both.group(1).equals("1");
        return new Setup(devices.get(row.text("hardware")), count, layers ? Split.LAYERS : Split.TENSOR,
                row.text("engine"), bits(row, shape), (int) row.number("threads", 0));
    }

    /// Bits of a weight: by the name of the format, or else by the bytes of the weights.
    private static double bits(Row row, Shape shape) {
        Matcher named = BITS.matcher(" " + row.text("quantization").toUpperCase(Locale.ROOT));
        if (named.find()) {
            return Math.min(16, Double.parseDouble(named.group(1)));
        }
        return row.number("weights_gb").isPresent()
                ? Math.min(16, row.required("weights_gb") * 8e9 / shape.active()) : USUAL_BITS;
    }
}
