package glia.cli.command;

import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.cli.terminal.Units;
import glia.io.CheckpointException;
import glia.lab.catalogue.CatalogueEntry;
import glia.lab.catalogue.CatalogueEntry.Disclosed;
import glia.lab.catalogue.CatalogueEntry.Undisclosed;
import glia.model.cost.LayerKind;
import glia.model.cost.ParameterCount;
import glia.model.cost.Part;
import glia.model.cost.TokenCost;
import glia.model.spec.ModelSpec;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Shows the catalogue of published models, computed from their specs.
final class CatalogueView {
    private static final String BASIS = "KV cache: one sequence, 16 bits per number. FLOPs: a multiplication and an "
            + "addition are two.\nValues at 128k tokens are for comparison, also where the context is shorter.";
    /// KV caches count 16 bits per element, as in papers.
    private static final int CACHE_NUMBER_BYTES = 2;
    /// The position of the last token of a long context.
    private static final int LAST = LayerTable.LONG_CONTEXT - 1;
    private static final LayerTable.Cache CACHE = new LayerTable.Cache() {
        @Override
        public long perToken(LayerKind kind) {
            return kind.growth() * CACHE_NUMBER_BYTES;
        }

        @Override
        public long at(LayerKind kind, int length) {
            return kind.numbers(length, 1) * CACHE_NUMBER_BYTES;
        }
    };

    private CatalogueView() { }

    /// Prints a line for each model.
    static void list(List<CatalogueEntry> entries, boolean json, Console console) throws CheckpointException {
        List<Map<String, Object>> documents = new ArrayList<>();
        Table table = new Table("lrrrlrrrr").head("", "parameters", "active", "context", "token mixing",
                "cache per token", "at 128k", "FLOPs per token", "at 128k");
        String series = "";
        for (CatalogueEntry entry : entries) {
            if (json) {
                documents.add(document(entry));
            } else {
                if (!entry.series().equals(series)) {
                    series = entry.series();
                    table.row(series, "", "", "", "", "", "", "", "");
                }
                switch (entry) {
                    case Disclosed d -> line(table, d);
                    case Undisclosed u -> table.row("  " + u.id(), "undisclosed", "", "", u.said(), "", "", "", "");
                }
            }
        }
        if (json) {
            Json.print(console, Map.of("models", documents));
        } else {
            table.print(console);
            console.out().println();
            console.printText("Computed from published configs. "
                    + "Active: parameters used per token, without the embedding.\n" + BASIS
                    + "\nglia inspect --catalogue NAME shows one model, or those whose names begin with NAME.");
        }
    }

    private static void line(Table table, Disclosed d) throws CheckpointException {
        ModelSpec spec = d.spec();
        List<LayerKind> kinds = LayerKind.of(spec);
        LayerTable layers = new LayerTable(kinds, CACHE);
        ParameterCount count = ParameterCount.of(spec);
        table.row("  " + d.id(), Units.count(count.total()), Units.count(count.active()),
                LayerTable.isUnlimited(kinds) ? "any" : tokens(spec.contextLength()), LayerKind.mixing(kinds),
                bytes(layers.perToken()), bytes(layers.atLongContext()),
                Units.count(TokenCost.operations(spec, 0)), Units.count(TokenCost.operations(spec, LAST)));
    }

    private static String bytes(long bytes) {
        return bytes == 0 ? "-" : Units.bytes(bytes);
    }

    private static String tokens(int count) {
        return count % 1024 == 0 ? count / 1024 + "k" : Integer.toString(count);
    }

    /// Prints one model.
    static void show(CatalogueEntry entry, boolean json, Console console) throws CheckpointException {
        if (json) {
            Json.print(console, document(entry));
            return;
        }
        switch (entry) {
            case Disclosed d -> show(d, console);
            case Undisclosed u -> new Table("ll").row("model", u.name())
                    .row("architecture", "undisclosed").row("parameters", "undisclosed")
                    .row("published", u.said()).print(console);
        }
    }

    private static void show(Disclosed d, Console console) throws CheckpointException {
        ModelSpec spec = d.spec();
        ParameterCount count = ParameterCount.of(spec);
        new Table("ll").row("model", d.name()).row("family", spec.modelType())
                .row("layers", spec.numLayers())
                .row("hidden size", spec.hiddenSize())
                .row("vocabulary", spec.vocabSize())
                .row("context", LayerTable.context(LayerKind.of(spec), spec.contextLength()))
                .row("parameters", Units.count(count.total()) + " (" + count.total() + ")")
                .row("  in layers", Units.count(count.of(EnumSet.of(Part.BODY))))
                .row("  in embeddings", Units.count(count.of(EnumSet.of(Part.EMBEDDING))))
                .row("  in the head", head(count))
                .row("  active", Units.count(count.active()) + " (" + count.active()
                        + ") per token, without the embedding")
                .row("  published", d.total().text() + d.active().map(f -> ", active " + f.text()).orElse("") + ": "
                        + d.saidIn())
                .row("FLOPs", Units.count(TokenCost.operations(spec, 0)) + " for the first token, "
                        + Units.count(TokenCost.operations(spec, LAST)) + " for the last of 128k")
                .row("config from", d.configFrom()).print(console);
        console.out().println();
        new LayerTable(LayerKind.of(spec), CACHE).table().print(console);
        console.out().println();
        console.printText(BASIS);
    }

    private static String head(ParameterCount count) {
        return count.tokenEmbedding() > 0 ? "tied to the token embedding"
                : Units.count(count.of(EnumSet.of(Part.HEAD)));
    }

    private static Map<String, Object> document(CatalogueEntry entry) throws CheckpointException {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("id", entry.id());
        document.put("series", entry.series().toLowerCase(Locale.ROOT));
        document.put("name", entry.name());
        switch (entry) {
            case Undisclosed u -> {
                document.put("disclosed", false);
                document.put("published", u.said());
            }
            case Disclosed d -> {
                ModelSpec spec = d.spec();
                ParameterCount count = ParameterCount.of(spec);
                LayerTable layers = new LayerTable(LayerKind.of(spec), CACHE);
                document.put("disclosed", true);
                document.put("family", spec.modelType());
                document.put("layers", spec.numLayers());
                document.put("hidden_size", spec.hiddenSize());
                document.put("vocabulary", spec.vocabSize());
                document.put("context", spec.contextLength());
                document.put("parameters", count.total());
                document.put("active_parameters", count.active());
                document.put("parameters_published", d.total().text());
                d.active().ifPresent(figure -> document.put("active_parameters_published", figure.text()));
                document.put("operations_per_token", TokenCost.operations(spec, 0));
                document.put("operations_per_token_at_128k", TokenCost.operations(spec, LAST));
                document.put("cache_number_bytes", CACHE_NUMBER_BYTES);
                document.put("cache_bytes_per_token", layers.perToken());
                document.put("cache_bytes_at_128k", layers.atLongContext());
                document.put("layer_kinds", layers.document());
                document.put("published_in", d.saidIn());
                document.put("config_from", d.configFrom());
            }
        }
        return document;
    }
}
