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
import glia.io.load.Checkpoints;
import glia.train.corpus.CorpusCleaner;
import glia.train.corpus.QualityRules;
import glia.train.data.TextData;
import glia.train.data.TextSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes a corpus to train on from raw texts.
public final class CorpusCommand implements Command {
    private static final int SHOWN_EVERY = 1000;
    private static final Option<String> OUT = Option.text("FILE", "JSONL file for the texts that are kept", "--output",
            "-o");
    private static final Option<QualityRules> QUALITY = Option.choice("RULES", QualityRules.class,
            "Gopher's rules for English prose (the default), those about repetition alone (other languages, code), "
            + "or none", "--quality");
    private static final Option<Boolean> DUPLICATES = Option.flag("keep near duplicates", "--keep-duplicates");
    private static final Option<String> KEY = Option.text("KEY", "key or column of the text in JSONL and Parquet "
            + "(default: text)", "--key");
    private static final Option<String> SEPARATOR = Option.text("LINE", "line of plain text files that ends a text "
            + "(default: none, a file is one text)", "--separator");
    private static final Option<String> TOKENS = Option.text("FILE", "token file to write as well, by the tokenizer of "
            + "--model", "--tokens");
    private static final Option<String> MODEL = Option.text("MODEL", "model whose tokenizer encodes the texts",
            "--model");

    /// For [glia.cli.Cli].
    public CorpusCommand() {}

    @Override
    public String name() {
        return "corpus";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Make a training corpus: drop bad texts and near duplicates",
                List.of(new Positional("SOURCE", "file of text, JSONL or Parquet, or folder of such files",
                        true).repeated()),
                List.of(OUT, QUALITY, DUPLICATES, KEY, SEPARATOR, TOKENS, MODEL, TextFiles.FORCE, Json.OPTION))
                .examples("""
                        $ glia corpus crawl/ -o clean.jsonl
                        $ glia corpus crawl/ -o clean.jsonl --tokens clean.tokens --model HuggingFaceTB/SmolLM2-135M""")
                .notes("A text is dropped if a rule of quality says so, or if an earlier text is a near duplicate: "
                        + "MinHash over 5-grams of words, which finds 92 % of the pairs that share 80 % of them. "
                        + "The others are written in their order, and a table shows how many were dropped and why. "
                        + "Recipes read the output by data.train.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        Path out = Path.of(arguments.required(OUT));
        TextFiles.checkWritable(out, arguments);
        Optional<Path> tokens = TextFiles.output(TOKENS, arguments);
        if (tokens.isPresent() != arguments.has(MODEL)) {
            throw new UsageException(TOKENS.name() + " and " + MODEL.name() + " go together");
        }
        TextSource source = new TextSource(arguments.repeated().stream().map(Path::of).toList(),
                arguments.get(KEY).orElse("text"), arguments.get(SEPARATOR).orElse(""));
        if (source.files().stream().anyMatch(file -> file.toAbsolutePath().equals(out.toAbsolutePath()))) {
            throw new UsageException(out + " is one of the sources; choose another name for the output");
        }
        CorpusCleaner cleaner = new CorpusCleaner(arguments.get(QUALITY).orElse(QualityRules.ENGLISH),
                !arguments.has(DUPLICATES));
        CorpusCleaner.Report report = cleaner.clean(source, out, texts -> {
            if (console.errIsTerminal() && texts % SHOWN_EVERY == 0) {
                console.clearProgress();
                console.err().print("  " + Units.counted((int) texts, "text"));
                console.err().flush();
            }
        });
        if (console.errIsTerminal()) {
            console.clearProgress();
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("texts", report.texts());
        document.put("kept", report.kept());
        document.put("characters", report.characters());
        document.put("dropped", report.dropped());
        if (tokens.isPresent()) {
            document.put("tokens", encode(out, tokens.get(), arguments, console));
        }
        print(document, report, arguments, console);
        return ExitCode.OK;
    }

    private static long encode(Path corpus, Path target, Arguments arguments, Console console) throws IOException {
        Path path = Models.files(arguments.get(MODEL), arguments, console).base();
        try (Checkpoint checkpoint = Checkpoints.open(path);
                TextData data = TextData.open(TextSource.of(corpus), TextLoader.start(path, checkpoint).tokenizer(),
                        target)) {
            return data.numTokens();
        }
    }

    private static void print(Map<String, Object> document, CorpusCleaner.Report report, Arguments arguments,
            Console console) {
        if (arguments.has(Json.OPTION)) {
            Json.print(console, document);
            return;
        }
        Table table = new Table("lrr");
        table.row("texts", report.texts(), "");
        report.dropped().forEach((why, count) -> table.row(why, count, Units.percent(count / (double) report.texts())));
        table.row("kept", report.kept(), Units.percent(report.kept() / (double) report.texts()));
        table.row("characters", report.characters(), "");
        if (document.get("tokens") instanceof Long tokens) {
            table.row("tokens", tokens, "");
        }
        table.print(console);
    }
}
