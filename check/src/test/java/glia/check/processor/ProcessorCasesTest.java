package glia.check.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.check.CaseTree;
import glia.check.reference.CaseResult;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Processors of pictures and sounds against Transformers; all families where `GLIA_SHARED` is set, else a few.
class ProcessorCasesTest {
    private static final Path FEW = Path.of("src/test/resources/processors");

    @Test
    void agreesWithTheReference() throws Exception {
        Path tree = Optional.ofNullable(System.getenv("GLIA_SHARED")).map(Path::of)
                .map(shared -> shared.resolve("processors")).filter(Files::isDirectory).orElse(FEW);
        List<String> failed = new ArrayList<>();
        try (Workers workers = new Workers(1)) {
            CaseTree.Summary summary = CaseTree.run(tree, new ScalarKernels(workers), ProcessorCases::find,
                    (group, result) -> {
                        if (!result.passes()) {
                            failed.add(group + " " + result);
                        }
                    });
            assertTrue(summary.numCases() >= 30, summary::toString);
            // Weights are compared elsewhere.
            assertTrue(List.of("whisper_tiny_en").containsAll(summary.unknownGroups()), summary::toString);
        }
        assertEquals(List.of(), failed);
    }
}
