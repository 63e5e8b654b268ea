package glia.check.reward;

import glia.check.reference.CaseResult;
import glia.io.CheckpointException;
import glia.io.json.JsonTree;
import glia.reason.reward.Rewards;
import glia.reason.reward.Sample;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// The group `math-verify`: pairs of an expected and a given answer with the verdicts of math-verify and of a person.
///
/// Where the two differ, either verdict passes. Where people differ, the verdict must be math-verify's. The stricter
/// verdict of TRL's `accuracy_reward` is checked as well, unless a person's verdict differs from it.
public final class MathVerifyCases {
    private static final String FILE = "pairs.json";

    private MathVerifyCases() { }

    /// Runs the cases.
    ///
    /// @throws IOException if the folder's files cannot be read
    public static void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results)
            throws IOException {
        Path file = folder.resolve(FILE);
        JsonNode pairs = read(file).path("pairs");
        if (!pairs.isArray()) {
            throw new CheckpointException(file, "pairs", "expected a list of pairs");
        }
        for (JsonNode pair : pairs) {
            String id = pair.path("id").asString("?") + " " + pair.path("category").asString("");
            results.accept(check(id, pair));
        }
    }

    private static CaseResult check(String id, JsonNode pair) {
        if (!pair.path("gold").isString() || !pair.path("answer").isString() || !pair.path("math_verify").isBoolean()) {
            return CaseResult.failed(id, "expected the strings gold and answer and the boolean math_verify");
        }
        Sample sample = new Sample("", pair.get("answer").asString(), 0, true,
                Map.of("answer", pair.get("gold").asString()));
        boolean verdict = score(sample, false).orElse(0) == 1;
        boolean theirs = pair.get("math_verify").asBoolean();
        JsonNode intended = pair.path("intended");
        if (verdict != theirs && (!intended.isBoolean() || verdict != intended.asBoolean())) {
            return CaseResult.of(id, "math_verify", 1, 0);
        }
        JsonNode trl = pair.path("trl_accuracy_reward");
        OptionalDouble strict = score(sample, true);
        boolean same = trl.isNumber() ? strict.isPresent() && strict.getAsDouble() == trl.asDouble() : strict.isEmpty();
        boolean asIntended = strict.isPresent() && intended.isBoolean()
                && (strict.getAsDouble() == 1) == intended.asBoolean();
        return CaseResult.of(id, "trl_accuracy_reward", trl.isMissingNode() || same || asIntended ? 0 : 1, 0);
    }

    private static OptionalDouble score(Sample sample, boolean strict) {
        return Rewards.named("math", Map.of("strict", strict, "thoughts", "included")).score(sample);
    }

    static JsonNode read(Path file) throws CheckpointException {
        try {
            return JsonTree.parse(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file, "", "there is no such file", e);
        } catch (JacksonException e) {
            throw new CheckpointException(file, "", "is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + e.getMessage(), e);
        }
    }
}
