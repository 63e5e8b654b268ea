package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.reason.alignment.Constitution.Principle;
import glia.reason.alignment.Constitution;
import glia.reason.alignment.Revision.Step;
import glia.reason.alignment.Revision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes chats whose answers a model revised by a constitution.
public final class AlignReviseCommand implements Command {
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
                .notes("The model answers, criticizes its answer by each principle that its check finds broken, and "
                        + "revises it. A revision replaces the answer only if the checks find that it keeps more "
                        + "principles: the checks select, the model writes.");
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
