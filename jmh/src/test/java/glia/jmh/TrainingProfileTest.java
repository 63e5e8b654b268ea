package glia.jmh;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TrainingProfileTest {
    @Test
    void namesTheKernelsOfAStep() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TrainingProfile.run(new TrainingProfile.Size("tiny", 32, 64, 2, 2, 100, 512), "scalar", 1, 2,
                new PrintStream(bytes, true, StandardCharsets.UTF_8));
        String table = bytes.toString(StandardCharsets.UTF_8);
        for (String row : new String[] {"tiny, 512 tokens", "linearBackwardWeight", "attentionBackward",
            "outside of kernels"}) {
            assertTrue(table.contains(row), table);
        }
    }
}
