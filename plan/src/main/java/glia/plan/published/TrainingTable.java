package glia.plan.published;

import glia.plan.data.Device;
import glia.plan.data.Devices;
import glia.plan.data.Row;
import glia.plan.predict.Effects;
import glia.plan.predict.Shape;
import glia.plan.predict.Training;
import glia.plan.predict.Training.Recompute;
import glia.plan.published.PublishedCase.Kind;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/// Reads rows of published speeds of training.
final class TrainingTable {
    private static final double HOUR = 3600;
    private static final double MINUTE = 60;
    private static final double USUAL_DEVICES = 1024;
    private static final double USUAL_SEQUENCE = 4096;
    /// Tokens of a micro-batch, where none is stated.
    private static final double USUAL_TOKENS = 8192;
    /// The first that matches is taken.
    private static final List<Map.Entry<Pattern, String>> FAMILIES = List.of(
            Map.entry(Pattern.compile("megatron-bridge|nemo|transformer engine|mlperf"), "transformer engine"),
            Map.entry(Pattern.compile("megatron.*2021|sc21|bloom|megatron-deepspeed"), "megatron"),
            Map.entry(Pattern.compile("torchtitan|foundry|mosaic|fsdp|pytorch|tinyllama|lit-gpt|olmo"), "fsdp"),
            Map.entry(Pattern.compile("maxtext|tpu|jax"), "jax"));

    private final Devices devices;
    private final Shapes shapes;

    TrainingTable(Devices devices, Shapes shapes) {
        this.devices = devices;
        this.shapes = shapes;
    }

    /// The case of a row.
    ///
    /// @throws IllegalArgumentException if it cannot be predicted; the message says why
    PublishedCase read(Row row) {
        double value = row.required("value");
        Shape shape = shapes.of(row);
        Training.Run run = run(row);
        ToDoubleFunction<Effects> tokens = e -> Training.tokensPerSecond(e, shape, run);
        String metric = row.text("metric").toLowerCase(Locale.ROOT);
        ToDoubleFunction<Effects> prediction;
        if (metric.startsWith("tokens/s")) {
            prediction = tokens;
        } else if (metric.startsWith("tflop/s")) {
            double operations = published(row, shape, run);
            prediction = e -> tokens.applyAsDouble(e) * operations / 1e12;
        } else if (metric.contains("hours")) {
            double trained = row.required("tokens_trained");
            prediction = e -> trained / tokens.applyAsDouble(e) / HOUR;
        } else if (metric.contains("minutes")) {
            double trained = row.required("tokens_trained") / run.devices();
            prediction = e -> trained / tokens.applyAsDouble(e) / MINUTE;
        } else if (metric.contains("mfu")) {
            double operations = Training.operations(shape, run.sequence());
            prediction = e -> 100 * tokens.applyAsDouble(e) * operations / run.device().rate(16);
        } else if (metric.contains("step")) {
            double each = row.required("global_batch_seqs") * run.sequence() / run.devices();
            prediction = e -> each / tokens.applyAsDouble(e);
        } else {
            throw row.error("metric", "found '" + row.text("metric")
                    + "', expected tokens/s, TFLOP/s, MFU, hours, minutes or seconds of a step");
        }
        return new PublishedCase(row.text("id"), row.text("source_key"), Kind.TRAINING, value, prediction, row);
    }

    /// FLOPs of a token as the publisher counts them, where the figure is in FLOPs: three definitions are in use.
    private static double published(Row row, Shape shape, Training.Run run) {
        String definition = row.text("flop_definition");
        double attention = shape.width() * run.sequence();
        double model = definition.contains("not causal") || definition.contains("72") || definition.contains("96")
                || definition.contains("12") ? 6 * shape.active() + 12 * attention : 6 * shape.active() + 6 * attention;
        return definition.contains("96") && run.recompute() == Recompute.FULL ? model * 4 / 3 : model;
    }

    private Training.Run run(Row row) {
        Device device = devices.get(row, row.text("hardware"));
        double count = row.number("devices", USUAL_DEVICES);
        double tensor = row.number("tp", 1);
        double pipeline = row.number("pp", 1);
        double sequence = row.number("seq", USUAL_SEQUENCE);
        double micro = row.number("micro_batch", Math.max(1, USUAL_TOKENS / sequence));
        double replicas = row.number("dp", Math.max(1, count / (tensor * pipeline * row.number("cp", 1))));
        double micros = Math.max(1, row.number("global_batch_seqs", replicas * micro * 8) / (replicas * micro));
        String shard = row.text("fsdp");
        return new Training.Run(device, family(row), row.text("source_key"), precision(row),
                count, tensor, pipeline,
                row.number("vp", 1), row.number("cp", 1), row.number("ep", 1),
                shard.contains("SHARD") || shard.contains("FSDP") || shard.contains("3"),
                recompute(row), sequence, micro, micros, row.text("kind").contains("lora"),
                row.text("kind").contains("whole"));
    }

    private static String precision(Row row) {
        String text = row.text("precision");
        return text.contains("NVFP4") || text.contains("FP4") ? "NVFP4" : text.contains("MXFP8") ? "MXFP8"
                : text.contains("8") ? "FP8" : "BF16";
    }

    private static Recompute recompute(Row row) {
        return switch (row.text("recompute")) {
            case "full" -> Recompute.FULL;
            case "selective" -> Recompute.SELECTIVE;
            case "none" -> Recompute.NONE;
            // The default of MaxText is to compute all again.
            default -> family(row).equals("jax") ? Recompute.FULL : null;
        };
    }

    /// The family of the training program, by the words of the source.
    private static String family(Row row) {
        String words = (row.text("source_key") + " " + row.text("source")).toLowerCase(Locale.ROOT);
        return FAMILIES.stream().filter(e -> e.getKey().matcher(words).find()).map(Map.Entry::getValue)
                .findFirst().orElse("others");
    }
}
