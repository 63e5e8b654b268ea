package glia.reason.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.train.check.CaseGroup;
import glia.train.check.CaseGroups;
import glia.train.check.CaseResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CaseGroupsTest {
    private static final Path CASES = Path.of(Optional.ofNullable(System.getenv("GLIA_SHARED"))
            .map(shared -> shared + "/golden-training").orElse("src/test/resources/golden-training"));

    @ParameterizedTest
    @CsvSource({"math-verify, 40", "rewards, 80"})
    void allCasesPass(String name, int least) throws IOException {
        CaseGroup group = CaseGroups.find(name).orElseThrow();
        List<CaseResult> results = new ArrayList<>();
        group.run(CASES.resolve(name), CASES.resolveSibling("golden"), null, results::add);
        assertTrue(results.size() >= least, results.size() + " cases");
        assertEquals(List.of(), results.stream().filter(result -> !result.passes()).toList());
    }
}
