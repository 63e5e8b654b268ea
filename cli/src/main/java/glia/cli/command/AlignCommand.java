package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.reason.alignment.Adherence;
import glia.reason.alignment.Agreement;
import glia.reason.alignment.Comparison;
import glia.reason.alignment.Constitution.Principle;
import glia.reason.alignment.Constitution;
import glia.reason.alignment.Revision.Step;
import glia.reason.alignment.Revision;
import glia.reason.run.WilsonInterval;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// The group of commands for constitutional AI.
public final class AlignCommand implements Command {
    /// For [glia.cli.Cli].
    public AlignCommand() {}

    @Override
    public String name() {
        return "align";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Constitutional AI: write training data by principles, measure adherence", List.of(),
                List.of())
                .examples("""
                        $ glia align check SmolLM2-135M-Instruct
                        $ glia align revise SmolLM2-135M-Instruct -o chats.jsonl
                        $ glia align label SmolLM2-135M-Instruct -o pairs.jsonl""")
                .notes("docs/alignment.md has the stages with results. glia train trains on the files: task: sft, dpo, "
                        + "reward, rl.");
    }

    @Override
    public int run(Arguments arguments, Console console) {
        throw new UsageException("align needs a command: check, revise or label");
    }

    /// Measures how often answers keep the principles of a constitution.
    public static final class AlignCheckCommand implements Command {
        private static final Option<Float> TEMPERATURE = Option.number("X", 0, 100,
                "sampling temperature; 0 is greedy (default: 0)", "--temperature", "--temp");
        private static final Option<String> SAMPLES = Option.text("FILE",
                "write the answers, with the principles that they break, to a JSONL file", "--samples")
                .elsewhere("--log-samples");

        /// For [glia.cli.Cli].
        public AlignCheckCommand() {}

        @Override
        public String name() {
            return "align check";
        }

        @Override
        public Syntax syntax() {
            return new Syntax(name(), "Measure how often answers keep the principles of a constitution",
                    List.of(Models.MODEL), AlignOptions.with(SAMPLES, TEMPERATURE))
                    .examples("""
                        $ glia align check SmolLM2-135M-Instruct
                        $ glia align check SmolLM2-135M-Instruct --adapter runs/constitutional-sft/model
                        $ glia align check MODEL --constitution mine.yaml --prompts held-out.jsonl --samples o.jsonl""")
                    .notes("The checks are programs; no model judges. Intervals are Wilson's with 95 % confidence. "
                            + "The default prompts are 40 questions that the other commands do not use.");
        }

        @Override
        public int run(Arguments arguments, Console console) throws IOException {
            if (arguments.has(SAMPLES)) {
                TextFiles.checkWritable(Path.of(arguments.get(SAMPLES).orElseThrow()), arguments);
            }
            List<String> prompts = AlignOptions.prompts(arguments, AlignOptions.HELD_OUT);
            try (Constitution constitution = AlignOptions.constitution(arguments)) {
                AlignOptions.withModel(arguments, console, sampler -> {
                    Adherence found = Adherence.of(prompts, sampler, constitution,
                            arguments.get(TEMPERATURE).orElse(0f), AlignOptions.seed(arguments));
                    if (arguments.has(SAMPLES)) {
                        AlignOptions.write(Path.of(arguments.get(SAMPLES).orElseThrow()),
                                IntStream.range(0, prompts.size()).mapToObj(found::line).toList());
                    }
                    print(found, arguments, console);
                });
            }
            return ExitCode.OK;
        }

        private static void print(Adherence found, Arguments arguments, Console console) {
            Map<String, WilsonInterval> shares = found.shares();
            double meanTokens = found.answers().stream().mapToInt(a -> a.tokens()).average().orElseThrow();
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> principles = new LinkedHashMap<>();
                shares.forEach((name, share) -> principles.put(name, AlignOptions.document(share)));
                Map<String, Object> document = new LinkedHashMap<>();
                document.put("prompts", found.prompts().size());
                document.put("principles", principles);
                document.put("mean_tokens", meanTokens);
                Json.print(console, document);
                return;
            }
            Table table = new Table("lrr").head("principle", "kept", "95 % interval");
            shares.forEach((name, share) -> table.row(name, Units.percent(share.share()),
                    AlignOptions.interval(share)));
            table.print(console);
            console.out().printf(Locale.ROOT, "%d prompts, %.1f tokens an answer%n",
                    found.prompts().size(), meanTokens);
        }
    }

    /// Writes pairs of sampled answers with AI preferences.
    public static final class AlignLabelCommand implements Command {
        private enum Judge { CHECK, MODEL }

        private static final Option<Judge> JUDGE = Option.choice("JUDGE", Judge.class,
                "who prefers an answer: the checks of the constitution, or the model by its probabilities of (A) and "
                        + "(B) (default: check)", "--judge");
        private static final Option<Boolean> AGREEMENT = Option.flag("ask the model too, and show how often it agrees "
                + "with the checks", "--agreement");
        private static final Option<Integer> SAMPLES = Option.integer("N", 2, 1000,
                "sampled answers of a prompt; a pair keeps the most and the fewest principles (default: 4)",
                "--samples");
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

    /// Writes chats whose answers a model revised by a constitution.
    public static final class AlignReviseCommand implements Command {
        private static final Option<Float> TEMPERATURE = Option.number("X", 0, 100,
                "sampling temperature of answers, critiques and revisions (default: 0.5)", "--temperature", "--temp");
        private static final Option<Integer> ATTEMPTS = Option.integer("N", 1, 1000,
                "critiques by a principle, each with one revision; the best one counts (default: 4)", "--attempts");
        private static final Option<Integer> LEAST = Option.integer("N", 0, 1000,
                "principles that an answer must keep to be written (default: all)", "--least");
        private static final int USUAL_ATTEMPTS = 4;
        private static final float USUAL_TEMPERATURE = 0.5f;

        /// For [glia.cli.Cli].
        public AlignReviseCommand() {}

        @Override
        public String name() {
            return "align revise";
        }

        @Override
        public Syntax syntax() {
            return new Syntax(name(), "Write chats whose answers a model criticized and revised by a constitution",
                    List.of(Models.MODEL), AlignOptions.with(AlignOptions.OUTPUT, ATTEMPTS, LEAST, TEMPERATURE))
                    .examples("""
                            $ glia align revise SmolLM2-135M-Instruct -o chats.jsonl
                            $ glia train constitutional-sft data.train=chats.jsonl""")
                    .notes("The model answers, criticizes its answer by each principle that its check finds broken, "
                            + "and revises it. A revision replaces the answer only if the checks find that it keeps "
                            + "more principles: the checks select, the model writes.");
        }

        @Override
        public int run(Arguments arguments, Console console) throws IOException {
            Path file = Path.of(arguments.required(AlignOptions.OUTPUT));
            TextFiles.checkWritable(file, arguments);
            List<String> prompts = AlignOptions.prompts(arguments, AlignOptions.TRAINING);
            try (Constitution constitution = AlignOptions.constitution(arguments)) {
                int size = constitution.principles().size();
                int least = arguments.get(LEAST).orElse(size);
                if (least > size) {
                    throw new UsageException("--least: " + least + " is more than the " + size + " principles");
                }
                AlignOptions.withModel(arguments, console, sampler -> {
                    List<Revision> revisions = Revision.of(prompts, sampler, constitution, new Revision.Options(
                            arguments.get(TEMPERATURE).orElse(USUAL_TEMPERATURE),
                            arguments.get(ATTEMPTS).orElse(USUAL_ATTEMPTS), AlignOptions.seed(arguments)));
                    List<Map<String, Object>> lines = new ArrayList<>();
                    for (Revision each : revisions) {
                        if (constitution.numKept(each.revised().sample(each.prompt())) >= least) {
                            lines.add(each.chat());
                        }
                    }
                    AlignOptions.write(file, lines);
                    print(revisions, lines.size(), constitution, file, arguments, console);
                });
            }
            return ExitCode.OK;
        }

        private static void print(List<Revision> revisions, int written, Constitution constitution, Path file,
                Arguments arguments, Console console) {
            Map<String, Object> principles = new LinkedHashMap<>();
            Table table = new Table("lrrrr").head("principle", "kept before", "kept after", "revised", "better");
            for (Principle principle : constitution.principles()) {
                List<Step> steps = revisions.stream().flatMap(r -> r.steps().stream())
                        .filter(s -> s.principle().equals(principle.name())).toList();
                long before = revisions.stream().filter(r -> principle.isKept(r.original().sample(r.prompt()))).count();
                long after = revisions.stream().filter(r -> principle.isKept(r.revised().sample(r.prompt()))).count();
                long better = steps.stream().filter(Step::isBetter).count();
                table.row(principle.name(), before, after, steps.size(), better);
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("kept_before", before);
                row.put("kept_after", after);
                row.put("revised", steps.size());
                row.put("better", better);
                principles.put(principle.name(), row);
            }
            if (arguments.has(Json.OPTION)) {
                Map<String, Object> document = new LinkedHashMap<>();
                document.put("file", file.toString());
                document.put("prompts", revisions.size());
                document.put("chats", written);
                document.put("principles", principles);
                Json.print(console, document);
                return;
            }
            table.print(console);
            console.printText("Wrote " + Units.counted(written, "chat") + " of "
                    + Units.counted(revisions.size(), "prompt") + " to " + file);
        }
    }
}
