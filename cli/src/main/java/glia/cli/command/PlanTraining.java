package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.plan.choose.TrainingPlan;
import glia.plan.choose.TrainingPlan.Layout;
import glia.plan.choose.TrainingPlan.Task;
import glia.plan.predict.Effects;
import glia.plan.predict.Shape;
import glia.plan.scaling.PublishedLaws;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Shows the layouts of a training run.
final class PlanTraining {
    private static final int MOST_ROWS = 8;

    private PlanTraining() { }

    /// @param unique tokens of the text that differ; the others are repetitions
    static int run(Task task, double unique, boolean json, Console console) {
        List<Layout> layouts = TrainingPlan.of(task, Effects.fitted());
        if (json) {
            Json.print(console, Map.of("device", task.device().name(), "devices", task.devices(), "layouts",
                    layouts.stream().limit(MOST_ROWS).map(PlanTraining::document).toList(), "laws",
                    laws(task, unique)));
        } else if (layouts.isEmpty()) {
            console.printText("No layout fits: on " + task.devices() + " × " + task.device().name() + " neither ZeRO "
                    + "nor activation checkpointing nor parallelism makes room for weights, gradients, optimizer and "
                    + "activations. Try more devices, --method lora, or a device with more memory.");
        } else {
            print(task, layouts, console);
            console.out().println();
            console.printText("What published scaling laws say of " + Units.count((long) task.tokens()) + " tokens, "
                    + Units.count((long) unique) + " of them different. They were fitted to other data: "
                    + "differences carry over better than losses.");
            Table table = new Table("Lrl").head("law", "", "source");
            laws(task, unique).forEach(law -> table.row(law.get("law"),
                    law.get("value") instanceof Double d && d < 100 ? String.format(Locale.ROOT, "%.3f", d)
                            : Units.count(((Number) law.get("value")).longValue()), law.get("source")));
            table.print(console);
        }
        return layouts.isEmpty() ? ExitCode.FAILED : ExitCode.OK;
    }

    private static List<Map<String, Object>> laws(Task task, double unique) {
        Shape shape = Shape.of(task.spec());
        double n = shape.parameters() - shape.experts() * (1 - shape.chosenPart());
        double worth = PublishedLaws.newTokens(task.tokens(), unique);
        List<Map<String, Object>> laws = new ArrayList<>();
        law(laws, "new tokens that are worth as much as the repeated ones", worth, "2305.16264");
        law(laws, "loss, nats a token (Chinchilla, refit; MassiveText)", PublishedLaws.CHINCHILLA.loss(n, worth),
                "2404.10102");
        for (int bits : new int[] {8, 4}) {
            law(laws, "loss added by training with weights of " + bits + " bits", PublishedLaws.lossInBits(n, worth,
                    bits, 16) - PublishedLaws.lossInBits(n, worth, 16, 16), "2411.04330");
            law(laws, "loss added by rounding weights to " + bits + " bits after it", PublishedLaws.lossInBits(n, worth,
                    16, bits) - PublishedLaws.lossInBits(n, worth, 16, 16), "2411.04330");
        }
        if (shape.isSparse()) {
            double experts = 1 / shape.chosenPart();
            law(laws, String.format(Locale.ROOT, "parameters of an equal dense model (%.0f times the chosen experts; "
                    + "S-BASE, 130 billion tokens)", experts), PublishedLaws.Router.S_BASE.denseParameters(n, experts),
                    "2202.01169");
        }
        return laws;
    }

    private static void law(List<Map<String, Object>> laws, String words, double value, String paper) {
        laws.add(Map.of("law", words, "value", value, "source", "https://arxiv.org/abs/" + paper));
    }

    private static void print(Task task, List<Layout> layouts, Console console) {
        Layout best = layouts.getFirst();
        console.printText(String.format(Locale.ROOT, "%.3g FLOPs of the model (6·M + 6·W·s for a token, attention "
                + "causal) on %d × %s, %s:", best.operations(), task.devices(), task.device().name(),
                task.precision()));
        Table table = new Table("lrrrlrrrrr").head("tensor × pipeline × data", "ZeRO", "micro-batch", "memory",
                "recomputed", "optimizer", "activations", "tokens/s each", "days", "cost");
        layouts.stream().limit(MOST_ROWS).forEach(l -> table.row(l.tensor() + " × " + l.pipeline() + " × "
                + l.replicas(), l.zero(), l.microBatch(), Units.bytes((long) l.bytes()), l.recompute().name()
                .toLowerCase(Locale.ROOT), part(l, "optimizer"), part(l, "activations"),
                Units.rate(l.tokensPerSecond()), String.format(Locale.ROOT, "%.2f", l.days()),
                String.format(Locale.ROOT, "$%,.0f", l.dollars())));
        table.print(console);
        console.out().println();
        console.printText("The first row is the fastest that fits: " + why(best) + ".");
    }

    private static String part(Layout layout, String name) {
        return Units.bytes(layout.memory().get(name).longValue());
    }

    private static String why(Layout l) {
        return (l.tensor() == 1 ? "no layer has to be split, which would add two reductions a layer"
                : "layers are split over " + l.tensor() + " devices, since one does not hold its part")
                + (l.pipeline() == 1 ? ", no pipeline has a bubble" : ", a pipeline of " + l.pipeline()
                + " stages holds the rest") + (l.zero() == 0 ? ", and each replica holds its optimizer"
                : ", and ZeRO stage " + l.zero() + " divides the optimizer over the replicas");
    }

    private static Map<String, Object> document(Layout l) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("tensor", l.tensor());
        document.put("pipeline", l.pipeline());
        document.put("data", l.replicas());
        document.put("zero", l.zero());
        document.put("recompute", l.recompute().name().toLowerCase(Locale.ROOT));
        document.put("micro_batch", l.microBatch());
        document.put("memory_bytes_per_device", l.memory());
        document.put("flops", l.operations());
        document.put("tokens_per_second_per_device", l.tokensPerSecond());
        document.put("days", l.days());
        document.put("usd", l.dollars());
        return document;
    }
}
