package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.engine.load.TextLoader;
import glia.io.Checkpoint;
import glia.io.json.JsonTree.JsonText;
import glia.io.load.Checkpoints;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Encodes text to a model's tokens, or decodes token ids.
public final class TokenizeCommand implements Command {
    private static final Option<Boolean> SPECIAL =
            Option.flag("add the tokenizer's special tokens, such as BOS", "--special");
    private static final Option<Boolean> PLAIN =
            Option.flag("encode special tokens in TEXT as plain text, as in a user's message", "--plain");
    private static final Option<Boolean> DECODE =
            Option.flag("decode: TEXT is a list of token ids", "--decode", "-d");

    /// For [glia.cli.Cli].
    public TokenizeCommand() {}

    @Override
    public String name() {
        return "tokenize";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Encode text to tokens, or decode token ids",
                List.of(Models.MODEL, new Positional("TEXT", "text (default: standard input)", false)),
                List.of(SPECIAL, PLAIN, DECODE, Json.OPTION))
                .examples("""
                        $ glia tokenize stories260K "Once upon"
                        403  ▁Once  "Once"
                        407  ▁upon  " upon"
                        $ glia tokenize stories260K --decode "403 407"
                        Once upon""")
                .notes("Columns: token id, piece of the vocabulary, and the text that the token completes. A character "
                        + "of several tokens stands at its last one.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        String text = arguments.optional(1).isPresent() ? arguments.optional(1).get()
                : new String(console.in().readAllBytes(), StandardCharsets.UTF_8);
        Path path = Models.files(Optional.of(arguments.required(0)), arguments, console).base();
        try (Checkpoint checkpoint = Checkpoints.open(path)) {
            Tokenizer tokenizer = TextLoader.start(path, checkpoint).tokenizer();
            if (arguments.has(DECODE)) {
                decode(arguments, console, tokenizer, ids(text));
            } else {
                encode(arguments, console, tokenizer, arguments.has(PLAIN)
                        ? tokenizer.encodePlain(text, arguments.has(SPECIAL))
                        : tokenizer.encode(text, arguments.has(SPECIAL)));
            }
        }
        return ExitCode.OK;
    }

    private static void encode(Arguments arguments, Console console, Tokenizer tokenizer, int[] ids) {
        List<String> pieces = Arrays.stream(ids).mapToObj(tokenizer::piece).toList();
        if (arguments.has(Json.OPTION)) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("ids", ids);
            document.put("pieces", pieces);
            Json.print(console, document);
            return;
        }
        StreamingDecoder decoder = tokenizer.streamingDecoder(false);
        Table table = new Table("rll");
        for (int i = 0; i < ids.length; i++) {
            String whole = decoder.accept(ids[i]) + (i == ids.length - 1 ? decoder.finish() : "");
            table.row(ids[i], pieces.get(i), whole.isEmpty() ? "" : JsonText.quote(whole));
        }
        table.print(console);
        if (console.outIsTerminal()) {
            console.printDim(console.out(), Units.counted(ids.length, "token"));
        }
    }

    private static void decode(Arguments arguments, Console console, Tokenizer tokenizer, int[] ids) {
        String text;
        try {
            text = tokenizer.decode(ids, false);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
        if (arguments.has(Json.OPTION)) {
            Json.print(console, Map.of("text", text));
        } else {
            console.out().println(text);
        }
    }

    private static int[] ids(String text) {
        try {
            return Arrays.stream(text.split("[\\s,\\[\\]]+")).filter(word -> !word.isEmpty())
                    .mapToInt(Integer::parseInt).toArray();
        } catch (NumberFormatException e) {
            throw new UsageException("--decode needs token ids as TEXT, such as '1 734 2'", e);
        }
    }
}
