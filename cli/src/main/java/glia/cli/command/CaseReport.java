package glia.cli.command;

import glia.check.CaseTree;
import glia.check.reference.CaseGroup;
import glia.check.reference.CaseResult;
import glia.cli.terminal.WordWrap;
import glia.engine.load.LoadOptions;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/// Runs reference cases and reports them: a line for each case, then a summary.
final class CaseReport {
    private final Consumer<String> lines;
    private final int width;
    private final Map<String, Object> document = new LinkedHashMap<>();

    /// @param width of the terminal, 0 if there is none
    CaseReport(Consumer<String> lines, int width) {
        this.lines = lines;
        this.width = width;
    }

    /// Runs all cases of a tree of groups.
    ///
    /// @param groups the group of a folder
    /// @return whether there are cases and all of them agree with the reference
    /// @throws IOException if the tree cannot be read
    boolean run(Path tree, LoadOptions options, Function<Path, Optional<CaseGroup>> groups) throws IOException {
        List<Map<String, Object>> cases = new ArrayList<>();
        CaseTree.Summary summary;
        try (Workers workers = new Workers(options.numThreads())) {
            summary = CaseTree.run(tree, KernelBackends.choose(options.kernels(), workers).kernels(), groups,
                    (group, result) -> {
                        cases.add(entry(group, result));
                        lines.accept(line(group, result));
                    });
        }
        lines.accept(summary.numPassed() + " of " + summary.numCases() + " cases passed");
        if (!summary.unknownGroups().isEmpty()) {
            lines.accept("unknown groups: " + String.join(", ", summary.unknownGroups()));
        }
        summary.unknownCases().forEach((group, names) ->
                lines.accept("unknown kinds of cases in " + group + ": " + String.join(", ", names)));
        document.put("cases", cases);
        document.put("unknown_groups", summary.unknownGroups());
        document.put("unknown_cases", summary.unknownCases());
        return summary.numCases() > 0 && summary.numPassed() == summary.numCases();
    }

    private String line(String group, CaseResult result) {
        String what = result.id().isEmpty() ? group : group + "/" + result.id();
        return result.error().isEmpty() ? Comparisons.line(result.passes(), what + ": " + result.quantity(),
                result.difference(), result.tolerance(), "", width) : Comparisons.failure(what, result.error(), width);
    }

    private static Map<String, Object> entry(String group, CaseResult result) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("group", group);
        entry.put("id", result.id());
        entry.put("passed", result.passes());
        entry.put("quantity", result.quantity());
        entry.put("difference", Double.isFinite(result.difference()) ? result.difference() : null);
        entry.put("tolerance", result.tolerance());
        entry.put("error", result.error());
        return entry;
    }

    /// The keys of the JSON document.
    Map<String, Object> document() {
        return document;
    }

    /// Results of comparisons with a reference as lines of text.
    static final class Comparisons {
        private static final int LEAST_WIDTH = 30;

        private Comparisons() {}

        /// One line, or several on a narrow terminal: pass or FAIL, what was compared, difference and tolerance.
        ///
        /// @param detail a remark, may be empty
        /// @param width of the terminal, 0 if there is none
        static String line(boolean passed, String what, double difference, double tolerance, String detail, int width) {
            String number = number(difference);
            String more = ", at most " + number(tolerance) + (detail.isEmpty() ? "" : "  " + detail);
            return wrapped(passed, String.format(Locale.ROOT, "%-54s  %9s%s", what, number, more),
                    what + ": " + number + more, width);
        }

        /// The line of something that could not be compared.
        static String failure(String what, String error, int width) {
            String text = what + ": " + error;
            return wrapped(false, text, text, width);
        }

        private static String wrapped(boolean passed, String wide, String narrow, int width) {
            String word = passed ? "pass  " : "FAIL  ";
            return width == 0 || WordWrap.width(word + wide) <= width ? word + wide
                    : word + WordWrap.of(narrow, Math.max(width, LEAST_WIDTH) - word.length())
                            .replace("\n", "\n" + " ".repeat(word.length()));
        }

        /// Counts in full, other numbers with two digits.
        private static String number(double value) {
            return value == Math.rint(value) && Math.abs(value) < 1e9 ? Long.toString((long) value)
                    : String.format(Locale.ROOT, "%.1e", value);
        }
    }
}
