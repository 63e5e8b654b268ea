package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.terminal.Console;
import glia.cli.terminal.Table;
import glia.engine.grammar.GrammarVocabulary;
import glia.engine.load.TextLoader;
import glia.io.Checkpoint;
import glia.io.load.Checkpoints;
import glia.lab.check.StructuredCheck.Outcome.Kind;
import glia.lab.check.StructuredCheck;
import glia.lab.check.StructuredReport;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Runs a [StructuredCheck] and prints its counts and times.
final class StructuredView {
    private final Console console;
    private final boolean json;
    private final Map<String, Object> document = new LinkedHashMap<>();

    StructuredView(Console console, boolean json) {
        this.console = console;
        this.json = json;
    }

    /// Checks the schemas of a file.
    ///
    /// @param model whose tokenizer is used; empty for the default model
    /// @return whether no instance was wrongly accepted or refused
    boolean run(Path file, Optional<String> model, Arguments arguments) throws IOException {
        Tokenizer tokenizer = tokenizer(model, arguments);
        StructuredCheck check = new StructuredCheck(tokenizer, GrammarVocabulary.of(tokenizer));
        StructuredReport report = check.run(file, outcome -> {
            if (!json && outcome.kind() != Kind.PASSING) {
                console.out().println(outcome.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ') + "  "
                        + outcome.name() + ": " + outcome.detail());
            }
        });
        document.put("schemas", report.schemas());
        document.put("passing", report.count(Kind.PASSING));
        document.put("compile_errors", report.count(Kind.COMPILE_ERROR));
        document.put("validation_errors", report.count(Kind.VALIDATION_ERROR));
        document.put("invalidation_errors", report.count(Kind.INVALIDATION_ERROR));
        document.put("vocabulary", tokenizer.vocabSize());
        document.put("mask_us", report.maskMicros());
        document.put("first_mask_us", report.firstMaskMicros());
        if (!json) {
            print(report);
        }
        return report.schemas() > 0 && report.count(Kind.VALIDATION_ERROR) + report.count(Kind.INVALIDATION_ERROR) == 0;
    }

    /// A folder needs no weights: only its tokenizer is loaded.
    private Tokenizer tokenizer(Optional<String> model, Arguments arguments) throws IOException {
        if (model.isPresent() && Files.isRegularFile(Path.of(model.get()).resolve("tokenizer.json"))) {
            return Tokenizer.load(Path.of(model.get()));
        }
        Path path = Models.files(model, arguments, console).base();
        try (Checkpoint checkpoint = Checkpoints.open(path)) {
            return TextLoader.start(path, checkpoint).tokenizer();
        }
    }

    private void print(StructuredReport report) {
        int schemas = Math.max(1, report.schemas());
        console.out().printf(Locale.ROOT, "%d schemas: %d passing (%.1f %%), %d compile errors, %d validation errors, "
                + "%d invalidation errors%n", report.schemas(), report.count(Kind.PASSING),
                100.0 * report.count(Kind.PASSING) / schemas, report.count(Kind.COMPILE_ERROR),
                report.count(Kind.VALIDATION_ERROR), report.count(Kind.INVALIDATION_ERROR));
        Table table = new Table("lrrrrrr").row("microseconds", "mean", "p50", "p90", "p99", "p99.9", "most");
        add(table, "mask", report.maskMicros());
        add(table, "compile, first mask", report.firstMaskMicros());
        table.print(console);
    }

    private static void add(Table table, String name, Map<String, Double> micros) {
        table.row(name, tenths(micros, "mean"), tenths(micros, "p50"), tenths(micros, "p90"), tenths(micros, "p99"),
                tenths(micros, "p999"), tenths(micros, "max"));
    }

    private static String tenths(Map<String, Double> micros, String name) {
        return String.format(Locale.ROOT, "%.1f", micros.get(name));
    }

    Map<String, Object> document() {
        return document;
    }
}
