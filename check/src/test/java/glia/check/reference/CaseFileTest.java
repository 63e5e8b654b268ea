package glia.check.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaseFileTest {
    private final Kernels kernels = KernelBackends.choose("scalar", new Workers(1)).kernels();

    @TempDir
    private Path folder;

    private List<CaseResult> results(String cases, CaseFile.Check check) throws IOException {
        Files.writeString(folder.resolve("cases.json"), "{\"cases\": [" + cases + "]}");
        List<CaseResult> results = new ArrayList<>();
        CaseFile.run(folder, kernels, results::add, check);
        return results;
    }

    @Test
    void theResultIsTheQuantityWithTheLargestShareOfItsTolerance() throws Exception {
        CaseResult result = results("""
                {"id": "a", "params": {"beta": 2}, "scalars": {"loss": 4, "kl": "inf"}}""", c -> {
            c.compare("kl", Double.POSITIVE_INFINITY, 1e-4);
            c.compare("loss", 2.001 * c.params().number("beta"), 1e-4);
        }).getFirst();
        assertEquals("loss", result.quantity());
        assertEquals(5e-4, result.difference(), 1e-12);
        assertFalse(result.passes());
    }

    @Test
    void aCaseWithSomethingThatIsNotSupportedFails() throws Exception {
        List<CaseResult> results = results("""
                {"id": "parameter", "params": {"beta": 2, "absent": null}, "scalars": {"loss": 4}},
                {"id": "result", "scalars": {"loss": 4, "entropy": 1}},
                {"id": "nothing"},
                {"id": "number", "params": {"x": "many"}, "scalars": {"loss": 4}}""", c -> {
            c.params().number("x", 0);
            if (!c.id().equals("nothing")) {
                c.compare("loss", 4, 1e-4);
            }
        });
        assertTrue(results.get(0).error().contains("[beta]"), results.get(0).error());
        assertTrue(results.get(1).error().contains("[entropy]"), results.get(1).error());
        assertTrue(results.get(2).error().contains("no results"), results.get(2).error());
        assertTrue(results.get(3).error().contains("\"many\""), results.get(3).error());
    }

    @Test
    void aNumberThatIsNoneFails() throws Exception {
        assertFalse(results("{\"id\": \"a\", \"scalars\": {\"loss\": 4}}",
                c -> c.compare("loss", Double.NaN, 1e-4)).getFirst().passes());
    }

    @Test
    void errorsNameTheFile() throws Exception {
        Files.writeString(folder.resolve("cases.json"), "{\"cases\": [");
        assertTrue(assertThrows(CheckpointException.class, () -> CaseFile.open(folder)).getMessage()
                .contains("cases.json"));
        Files.writeString(folder.resolve("cases.json"), "{\"cases\": [{}]}");
        assertTrue(assertThrows(CheckpointException.class, () -> CaseFile.open(folder)).getMessage()
                .contains("cases[0].id"));
    }
}
