package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Syntax;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.reason.alignment.Adherence;
import glia.reason.alignment.Constitution;
import glia.reason.run.WilsonInterval;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/// Measures how often answers keep the principles of a constitution.
public final class AlignCheckCommand implements Command {
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
                Adherence found = Adherence.of(prompts, sampler, constitution, arguments.get(TEMPERATURE).orElse(0f),
                        AlignOptions.seed(arguments));
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
        console.out().printf(Locale.ROOT, "%d prompts, %.1f tokens an answer%n", found.prompts().size(), meanTokens);
    }
}
