package glia.check.preference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.check.CaseTree;
import glia.check.reference.CaseResult;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreferenceCasesTest {
    private static final Path CASES = Path.of("src/test/resources/golden-training");
    private static final Path GOLDENS = Path.of("../engine/src/test/resources/golden");

    @TempDir
    Path temporary;

    private static List<CaseResult> run(String group, Path folder) throws IOException {
        List<CaseResult> results = new ArrayList<>();
        try (Workers workers = new Workers(2)) {
            CaseTree.find(group).orElseThrow().run(folder, GOLDENS, KernelBackends.choose("best", workers).kernels(),
                    results::add);
        }
        return results;
    }

    private CaseResult changed(String group, String from, String to) throws IOException {
        try (Stream<Path> files = Files.list(CASES.resolve(group))) {
            for (Path file : files.toList()) {
                Files.copy(file, temporary.resolve(file.getFileName()));
            }
        }
        Path file = temporary.resolve("cases.json");
        String text = Files.readString(file);
        assertTrue(text.contains(from), from);
        Files.writeString(file, text.replaceFirst(from, to));
        return run(group, temporary).stream().filter(r -> !r.passes()).findFirst().orElseThrow();
    }

    @Test
    void unknownParametersAreNamed() throws IOException {
        assertTrue(changed("dpo", "\"beta\"", "\"moon_phase\": 1, \"beta\"").error().contains("moon_phase"));
    }

    @Test
    void unknownLossesAreNamed() throws IOException {
        CaseResult result = changed("kto", "\"loss_type\": \"kto\"", "\"loss_type\": \"kta\"");
        assertTrue(result.error().contains("'kta', expected kto or apo_zero_unpaired"), result.error());
    }

    @Test
    void otherParametersFail() throws IOException {
        CaseResult result = changed("orpo", "\"beta\": 0.1", "\"beta\": 0.2");
        assertTrue(result.error().isEmpty(), result.error());
        assertFalse(result.passes());
    }
}
