package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.reason.alignment.Agreement;
import glia.reason.alignment.Comparison;
import glia.reason.alignment.Constitution;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes pairs of sampled answers with AI preferences.
public final class AlignLabelCommand implements Command {
    private enum Judge { CHECK, MODEL }

    private static final Option<Judge> JUDGE = Option.choice("JUDGE", Judge.class,
            "who prefers an answer: the checks of the constitution, or the model by its probabilities of (A) and (B) "
                    + "(default: check)", "--judge");
    private static final Option<Boolean> AGREEMENT = Option.flag("ask the model too, and show how often it agrees with "
            + "the checks", "--agreement");
    private static final Option<Integer> SAMPLES = Option.integer("N", 2, 1000,
            "sampled answers of a prompt; a pair keeps the most and the fewest principles (default: 4)", "--samples");
    private static final Option<Float> TEMPERATURE = Option.number("X", 0, 100,
            "sampling temperature (default: 0.7)", "--temperature", "--temp");
    private static final int USUAL_SAMPLES = 4;
    private static final float USUAL_TEMPERATURE = 0.7f;

    /// For [glia.cli.Cli].
    public AlignLabelCommand() {}

    @Override
    public String name() {
        return "align label";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Write pairs of sampled answers with AI preferences", List.of(Models.MODEL),
                AlignOptions.with(AlignOptions.OUTPUT, JUDGE, AGREEMENT, SAMPLES, TEMPERATURE))
                .examples("""
                        $ glia align label SmolLM2-135M-Instruct -o pairs.jsonl --agreement
                        $ glia train constitutional-dpo data.train=pairs.jsonl
                        $ glia train rlhf-reward data.train=pairs.jsonl""")
                .notes("The model judges each pair by each principle in both orders of the answers, so that a "
                        + "preference for a letter cancels out. A model of 135 million parameters judges no better "
                        + "than chance: see --agreement before you train on --judge model.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Path file = Path.of(arguments.required(AlignOptions.OUTPUT));
        TextFiles.checkWritable(file, arguments);
        List<String> prompts = AlignOptions.prompts(arguments, AlignOptions.TRAINING);
        boolean isByModel = arguments.get(JUDGE).orElse(Judge.CHECK) == Judge.MODEL;
        boolean isAsked = isByModel || arguments.has(AGREEMENT);
        try (Constitution constitution = AlignOptions.constitution(arguments)) {
            AlignOptions.withModel(arguments, console, sampler -> {
                List<Comparison> sampled = Comparison.of(prompts, sampler, constitution,
                        arguments.get(SAMPLES).orElse(USUAL_SAMPLES),
                        arguments.get(TEMPERATURE).orElse(USUAL_TEMPERATURE), AlignOptions.seed(arguments));
                List<Comparison> pairs = isAsked ? Comparison.judged(sampled, sampler, constitution) : sampled;
                List<Map<String, Object>> lines = pairs.stream().map(p -> p.preference(isByModel))
                        .flatMap(Optional::stream).toList();
                AlignOptions.write(file, lines);
                print(isAsked ? Agreement.of(constitution, pairs) : List.of(), lines.size(), prompts.size(), file,
                        arguments, console);
            });
        }
        return ExitCode.OK;
    }

    private static void print(List<Agreement> agreement, int written, int prompts, Path file, Arguments arguments,
            Console console) {
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> rows = new LinkedHashMap<>();
            for (Agreement row : agreement) {
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("pairs", row.pairs());
                row.share().ifPresent(share -> one.putAll(AlignOptions.document(share)));
                rows.put(row.name(), one);
            }
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("file", file.toString());
            document.put("prompts", prompts);
            document.put("pairs", written);
            if (!rows.isEmpty()) {
                document.put("agreement", rows);
            }
            Json.print(console, document);
            return;
        }
        if (!agreement.isEmpty()) {
            Table table = new Table("lrrr").head("principle", "pairs", "model agrees", "95 % interval");
            for (Agreement row : agreement) {
                table.row(row.name(), row.pairs(), row.share().map(s -> Units.percent(s.share())).orElse(""),
                        row.share().map(AlignOptions::interval).orElse(""));
            }
            table.print(console);
        }
        console.printText("Wrote " + Units.counted(written, "pair") + " of " + Units.counted(prompts, "prompt")
                + " to " + file);
    }
}
