package glia.check.preference;

import glia.check.reference.CaseFile;
import glia.check.reference.CaseResult;
import glia.check.reference.ReferenceCase;
import glia.reason.preference.ProcessRewardLoss;
import glia.reason.preference.StepLabels;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/// Sequences and losses of process reward models.
public final class PrmCases {
    private static final Set<String> KEYS = Set.of("prompt_ids", "completions_ids", "separator_id", "bos_id", "labels",
            "max_length", "max_completion_length", "train_on_last_step_only", "expected");

    private PrmCases() { }

    /// Runs the cases.
    ///
    /// @throws IOException if the folder's files cannot be read
    public static void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results)
            throws IOException {
        try (CaseFile file = CaseFile.open(folder)) {
            int index = 0;
            for (JsonNode row : file.root().path("rows")) {
                String at = "rows[" + index++ + "]";
                try {
                    results.accept(row(at, row));
                } catch (IllegalArgumentException e) {
                    results.accept(CaseResult.failed(at, e.getMessage()));
                }
            }
        }
        CaseFile.run(folder, kernels, results, PrmCases::loss);
    }

    // ---- sequences -----------------------------------------------------------------------------------------------

    private static CaseResult row(String at, JsonNode row) {
        List<String> unknown = row.propertyNames().stream().filter(k -> !KEYS.contains(k)).toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("the keys " + unknown + " are not supported");
        }
        List<int[]> steps = new ArrayList<>();
        row.path("completions_ids").forEach(step -> steps.add(ints(step)));
        JsonNode labels = row.path("labels");
        boolean[] isRight = new boolean[labels.size()];
        for (int i = 0; i < isRight.length; i++) {
            isRight[i] = labels.get(i).asBoolean();
        }
        int[] prompt = ints(row.path("prompt_ids"));
        if (row.hasNonNull("bos_id")) {
            prompt = IntStream.concat(IntStream.of(row.get("bos_id").asInt()), IntStream.of(prompt)).toArray();
        }
        JsonNode separator = row.path("separator_id");
        StepLabels found = StepLabels.of(prompt, steps, isRight, new StepLabels.Options(
                separator.isArray() ? ints(separator) : new int[] {separator.asInt()}, limit(row, "max_length"),
                limit(row, "max_completion_length"), row.path("train_on_last_step_only").asBoolean(false)));
        JsonNode expected = row.path("expected");
        int[] ids = ints(expected.path("input_ids"));
        int wrong = differences(found.ids(), ids) + differences(found.labels(), ints(expected.path("labels")));
        return CaseResult.of(at, "tokens and labels", wrong, 0);
    }

    private static int limit(JsonNode row, String key) {
        return row.hasNonNull(key) ? row.get(key).asInt() : Integer.MAX_VALUE;
    }

    private static int[] ints(JsonNode list) {
        int[] ints = new int[list.size()];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = list.get(i).asInt();
        }
        return ints;
    }

    /// Places at which lists differ, and those that only one has.
    private static int differences(int[] found, int[] expected) {
        int same = 0;
        for (int i = 0; i < Math.min(found.length, expected.length); i++) {
            same += found[i] == expected[i] ? 1 : 0;
        }
        return Math.max(found.length, expected.length) - same;
    }

    // ---- loss ----------------------------------------------------------------------------------------------------

    private static void loss(ReferenceCase c) {
        int[] labels = c.tensor("labels").ints();
        Value scores = c.variable("logits", c.tensor("logits"));
        c.compare("accuracy", ProcessRewardLoss.accuracy(scores, labels));
        c.compareLoss(ProcessRewardLoss.of(scores, labels));
        c.compare("grad_logits", c.gradient("logits"));
    }
}
