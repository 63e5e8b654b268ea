package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.cli.terminal.Table;
import glia.engine.LanguageModel;
import glia.io.hub.ModelLocation;
import glia.serve.embedding.Reranker;
import glia.serve.request.ServeException;
import glia.tensor.Precision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// Sorts documents by their relevance to a query.
public final class RerankCommand implements Command {
    private static final int SHOWN_CHARACTERS = 70;

    private static final Option<String> FILE =
            Option.text("FILE", "file with a document in each line; - is standard input", "--file", "-f");
    private static final Option<Integer> TOP =
            Option.integer("N", 1, Integer.MAX_VALUE, "documents listed (default: all)", "--top");

    /// For [glia.cli.Cli].
    public RerankCommand() {}

    @Override
    public String name() {
        return "rerank";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Sort documents by their relevance to a query",
                List.of(Models.MODEL, new Positional("QUERY", "query", true), new Positional("DOCUMENT",
                        "documents (default: each line of standard input)", false).repeated()),
                Syntax.join(List.of(FILE, TOP, Json.OPTION), ComputeOptions.ALL))
                .examples("""
                        $ glia rerank cross-encoder/ms-marco-MiniLM-L6-v2 "the largest planet" "Mars is red." \\
                            "Jupiter has 79 moons."
                          0.0315  2  Jupiter has 79 moons.
                          0.0001  1  Mars is red.""")
                .notes("MODEL is a cross-encoder (a sequence classifier of one or two classes: the sigmoid of its "
                        + "score), a ColBERT model (MaxSim), a SPLADE model (dot product), a language model such as "
                        + "Qwen3-Reranker (the probability of \"yes\"), or an embedding model (cosine).");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        String query = arguments.required(1);
        List<String> documents = documents(arguments, console);
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        double[] scores;
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.HALF), arguments,
                console)) {
            scores = new Reranker(model, "").relevance(query, documents, () -> true).scores();
        } catch (ServeException e) {
            throw new UsageException(e.getMessage());
        }
        List<Integer> order = IntStream.range(0, scores.length).boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> scores[i]).reversed())
                .limit(arguments.get(TOP).orElse(scores.length)).toList();
        if (arguments.has(Json.OPTION)) {
            Json.print(console, Map.of("results", order.stream().map(i -> result(i, scores[i], documents.get(i)))
                    .toList()));
            return ExitCode.OK;
        }
        Table table = new Table("rrl");
        for (int i : order) {
            String text = documents.get(i);
            table.row(String.format(Locale.ROOT, "%.4f", scores[i]), i + 1, text.length() <= SHOWN_CHARACTERS ? text
                    : text.substring(0, SHOWN_CHARACTERS - 1) + "…");
        }
        table.print(console);
        return ExitCode.OK;
    }

    private static Map<String, Object> result(int index, double score, String document) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("index", index);
        result.put("relevance_score", score);
        result.put("document", document);
        return result;
    }

    private static List<String> documents(Arguments arguments, Console console) throws IOException {
        List<String> documents = new ArrayList<>(arguments.repeated());
        Optional<String> file = arguments.get(FILE);
        if (file.isPresent() && !documents.isEmpty()) {
            throw new UsageException("give DOCUMENTs or a --file, not both");
        }
        if (documents.isEmpty()) {
            String all = TextFiles.read(file.orElse(TextFiles.STANDARD), console);
            all.lines().filter(line -> !line.isBlank()).forEach(documents::add);
        }
        if (documents.isEmpty()) {
            throw new UsageException("there is no document: give a DOCUMENT, or lines by --file or on standard input");
        }
        return documents;
    }
}
