package glia.check.reference;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.check.CaseTree;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Damaged files of cases: no exception ends the run, and a case that cannot be computed fails with a reason.
class CaseFuzzTest {
    private static final int TRIES = 60;
    private static final Path CASES = Path.of("src/test/resources/golden-training");
    private static final List<String> GROUPS = List.of("optim", "reward-model");
    private static final Pattern VALUE = Pattern.compile(
            "(?<=: )(\"[^\"]*\"|-?[0-9.e+-]+|true|false|null|\\[[^\\[\\]{}]*])");
    private static final List<String> HOSTILE = List.of("null", "[]", "{}", "-1", "0", "1e308", "\"inf\"", "\"nan\"",
            "\"../x\"", "true", "99999999999", "0.5", "[1, 2, 3]", "[null]", "}", "");

    @TempDir
    Path temporary;

    @Test
    void damagedFilesAreReported() throws IOException {
        Map<String, Integer> failures = new TreeMap<>();
        try (Workers workers = new Workers(1)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            for (int seed = 0; seed < TRIES; seed++) {
                Random random = new Random(seed);
                for (String group : GROUPS) {
                    damage(group, random);
                }
                String place = "seed " + seed;
                CaseTree.run(temporary, kernels, (group, result) -> {
                    if (!result.passes()) {
                        assertFalse(result.error().isBlank() && result.quantity().isBlank(), place);
                        failures.merge(group, 1, Integer::sum);
                    }
                });
            }
        }
        assertTrue(failures.keySet().containsAll(GROUPS), failures::toString);
    }

    /// Copies a group with one or two other values in its JSON, or with other bytes in the header of its tensors.
    private void damage(String group, Random random) throws IOException {
        Path folder = Files.createDirectories(temporary.resolve(group));
        String json = Files.readString(CASES.resolve(group).resolve(CaseFile.JSON));
        for (int i = 0; i <= random.nextInt(2); i++) {
            List<MatchResult> values = VALUE.matcher(json).results().toList();
            MatchResult value = values.get(random.nextInt(values.size()));
            json = json.substring(0, value.start()) + HOSTILE.get(random.nextInt(HOSTILE.size()))
                    + json.substring(value.end());
        }
        Files.writeString(folder.resolve(CaseFile.JSON), json);
        byte[] tensors = Files.readAllBytes(CASES.resolve(group).resolve(CaseFile.TENSORS));
        if (random.nextInt(3) == 0) {
            byte[] letters = "0123456789[],\"F".getBytes(StandardCharsets.UTF_8);
            int headerLength = (tensors[0] & 255) + ((tensors[1] & 255) << 8);
            tensors[8 + random.nextInt(headerLength)] = letters[random.nextInt(letters.length)];
        }
        Files.write(folder.resolve(CaseFile.TENSORS), tensors);
    }
}
