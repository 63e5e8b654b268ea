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
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads rows of published speeds of inference.
final class InferenceTable {
    private static final Pattern BITS = Pattern.compile(
            "(?:^|[^A-Z0-9])(?:IQ|Q|W|FP|MXFP|NVFP|BF|F|INT|EXL2 ?)(\\d+(?:\\.\\d+)?)|(\\d+(?:\\.\\d+)?)[ -]?BIT");
    private static final Pattern PARALLEL = Pattern.compile("TP(\\d+)(?: PP(\\d+))?");
    private static final Pattern COUNTED = Pattern.compile("(\\d+) ?[x×] ?(.*)");
    private static final double USUAL_BITS = 4;
    private static final double USUAL_OUTPUT = 128;
    private static final double SCALES = 1.06;
    /// The GPUs of a node, where a figure is that of a node.
    private static final double NODE = 8;

    private final Devices devices;
    private final Shapes shapes;

    InferenceTable(Devices devices, Shapes shapes) {
        this.devices = devices;
        this.shapes = shapes;
    }

    /// The case of a row.
    ///
    /// @throws IllegalArgumentException if it cannot be predicted; the message says why
    PublishedCase read(Row row) {
        double value = row.required("value");
        Shape shape = shapes.of(row);
        String[] parts = row.text("hardware").split(" \\+ ");
        Setup setup = setup(row, shape, parts[0]);
        if (parts.length == 1) {
            return of(row, shape, setup, value);
        }
        Setup other = setup(row, shape, parts[1]);
        boolean isSecond = setup.device().kind() == Device.Kind.CPU;
        Setup gpu = isSecond ? other : setup;
        Setup cpu = isSecond ? setup : other;
        if (cpu.device().kind() != Device.Kind.CPU || gpu.device().kind() == Device.Kind.CPU || !shape.isSparse()) {
            throw row.error("hardware", "found '" + row.text("hardware")
                    + "', expected one kind of device, or GPUs and CPUs for a mixture of experts");
        }
        double prompt = row.number("prompt_tokens", 1);
        double weights = weights(row, shape, setup);
        return make(row, Kind.HYBRID, value, row.text("metric").startsWith("prefill")
                ? e -> prompt / Prefill.besideCpu(e, gpu, cpu, shape, prompt)
                : e -> 1 / Decode.besideCpu(e, gpu, cpu, shape, weights, row.number("mean_context", prompt)));
    }

    private static double weights(Row row, Shape shape, Setup setup) {
        return row.number("weights_gb").orElse(shape.active() * setup.bits() * SCALES / 8e9) * 1e9;
    }

    private static PublishedCase of(Row row, Shape shape, Setup setup, double value) {
        String metric = row.text("metric").toLowerCase(Locale.ROOT);
        double prompt = row.number("prompt_tokens", 0);
        double output = row.number("output_tokens", 0);
        double weights = weights(row, shape, setup);
        double context = row.number("mean_context", prompt + output / 2);
        boolean isSingle = row.text("batch").isEmpty() || batch(row) == 1;
        boolean isCpu = setup.device().kind() == Device.Kind.CPU;
        if (metric.startsWith("prefill") || metric.startsWith("prompt")) {
            double tokens = prompt > 0 ? prompt : 2 * Math.max(1, context);
            return make(row, Kind.PREFILL, value, e -> tokens / Prefill.seconds(e, setup, shape, tokens));
        }
        if (metric.startsWith("(prompt+generated)") && prompt > 2) {
            double answer = output > 0 ? output : USUAL_OUTPUT;
            return make(row, Kind.WHOLE, value, e -> (prompt + answer) / (Prefill.seconds(e, setup, shape, prompt)
                    + answer * Decode.seconds(e, setup, shape, weights, context)));
        }
        if (isSingle && (metric.startsWith("decode") || metric.startsWith("generat") || metric.startsWith("output")
                && !metric.contains("all devices") || metric.startsWith("(prompt"))) {
            return make(row, isCpu ? Kind.DECODE_CPU : Kind.DECODE, value,
                    e -> 1 / Decode.seconds(e, setup, shape, weights, context));
        }
        Kind kind = shape.isSparse() ? Kind.SERVING_EXPERTS : Kind.SERVING;
        double all = shape.parameters() * setup.bits() * SCALES / 8;
        double each = metric.contains("node of 8") ? NODE / setup.devices() : 1;
        double cache = setup.bits() <= 8 ? 1 : 2;
        if (metric.startsWith("decode")) {
            Serving.Load load = new Serving.Load(context, 0, batch(row), cache);
            double sequences = metric.contains("stream") || metric.contains("per sequence") ? 1 : batch(row);
            return make(row, kind, value, e -> sequences / Serving.step(e, setup, shape, all, load, batch(row)));
        }
        if (metric.startsWith("input")) {
            double tokens = prompt > 0 ? prompt : 4 * USUAL_OUTPUT;
            return make(row, kind, value, e -> each * tokens / Serving.prompt(e, setup, shape, tokens));
        }
        if (metric.contains("tokens/s") || metric.contains("token/s")) {
            Serving.Load load = new Serving.Load(prompt > 0 ? prompt : context, output > 0 ? output : USUAL_OUTPUT,
                    batch(row), cache);
            return make(row, kind, value, metric.startsWith("output tokens/s a node")
                    ? e -> each * decoded(e, setup, shape, all, load)
                    : e -> each * Serving.outputRate(e, setup, shape, all, load));
        }
        throw row.error("metric", "found '" + row.text("metric") + "', expected tokens/s of prefill, decode or output");
    }

    /// Output tokens per second of devices that compute no prompts.
    private static double decoded(Effects effects, Setup setup, Shape shape, double weights, Serving.Load load) {
        double batch = Math.max(1, Serving.fitting(setup, shape, weights, load));
        return batch / Serving.step(effects, setup, shape, weights, load, batch);
    }

    private static double batch(Row row) {
        String text = row.text("batch");
        return text.matches("\\d+(\\.\\d+)?") ? Double.parseDouble(text) : 0;
    }

    private static PublishedCase make(Row row, Kind kind, double value, ToDoubleFunction<Effects> prediction) {
        return new PublishedCase(row.text("id"), row.text("source_key"), kind, value, prediction, row);
    }

    /// What a row runs on; the number of devices may stand before the name.
    private Setup setup(Row row, Shape shape, String hardware) {
        String parallel = row.text("parallelism");
        Matcher counted = COUNTED.matcher(hardware);
        Optional<Device> whole = devices.find(hardware);
        boolean isCounted = counted.matches() && whole.isEmpty() | devices.find(counted.group(2)).isPresent();
        Device device = devices.get(row, isCounted ? counted.group(2) : hardware);
        int count = (int) Math.max(row.number("devices", 1), isCounted ? Integer.parseInt(counted.group(1)) : 1);
        Matcher both = PARALLEL.matcher(parallel);
        boolean layers = parallel.contains("layer") || both.matches() && both.group(1).equals("1");
        return new Setup(device, count, layers ? Split.LAYERS : Split.TENSOR, row.text("engine"), bits(row, shape),
                (int) row.number("threads", 0));
    }

    /// Bits of a weight: by the name of the format, or else by the bytes of the weights.
    private static double bits(Row row, Shape shape) {
        Matcher named = BITS.matcher(" " + row.text("quantization").toUpperCase(Locale.ROOT));
        if (named.find()) {
            return Math.min(16, Double.parseDouble(named.group(1) == null ? named.group(2) : named.group(1)));
        }
        return row.number("weights_gb").isPresent()
                ? Math.min(16, row.required("weights_gb") * 8e9 / shape.active()) : USUAL_BITS;
    }
}
