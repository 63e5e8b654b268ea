package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.engine.LanguageModel;
import glia.engine.score.MaskFiller.Guess;
import glia.engine.score.MaskFiller;
import glia.io.hub.ModelLocation;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Fills the masks of a text.
public final class FillMaskCommand implements Command {
    private static final int BAR_CELLS = 20;

    private static final Option<Integer> TOP =
            Option.integer("N", 1, 1000, "tokens listed for each mask (default: 5)", "--top").elsewhere("--top-k");

    /// For [glia.cli.Cli].
    public FillMaskCommand() {}

    @Override
    public String name() {
        return "fill-mask";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Fill the masks in a text, with an encoder such as BERT",
                List.of(Models.MODEL, new Positional("TEXT", "text with [MASK] for each token to fill in "
                        + "(default: standard input)", false)),
                Syntax.join(List.of(TOP, Json.OPTION), ComputeOptions.ALL))
                .examples("""
                        $ glia fill-mask google-bert/bert-base-uncased "The capital of France is [MASK]." --top 2
                          paris  41.7 %  ████████
                          lille   7.1 %  █""")
                .notes("A token that begins with ## continues the word before it.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        String text = arguments.optional(1).isPresent() ? arguments.optional(1).get()
                : new String(console.in().readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            List<List<Guess>> masks = new MaskFiller(model).fill(text, arguments.get(TOP).orElse(5));
            if (arguments.has(Json.OPTION)) {
                Json.print(console, Map.of("masks", masks));
                return ExitCode.OK;
            }
            Table table = new Table("rlrl");
            for (int i = 0; i < masks.size(); i++) {
                for (Guess guess : masks.get(i)) {
                    boolean first = guess == masks.get(i).getFirst();
                    table.row(first && masks.size() > 1 ? "mask " + (i + 1) : "", guess.text(),
                            String.format(Locale.ROOT, "%.1f %%", 100 * guess.probability()),
                            "█".repeat((int) Math.round(BAR_CELLS * guess.probability())));
                }
            }
            table.print(console);
        }
        return ExitCode.OK;
    }
}
