package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.KernelNames;
import glia.engine.load.LoadOptions;
import glia.engine.load.LoadedModel;
import glia.io.CheckpointException;
import glia.io.hub.Progress;
import glia.model.block.Decoder;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Layers that draft: what they say, against float64 (`draft_golden.py`).
class DraftTest {
    private static final double TOLERANCE = 1e-4;

    static Path folder() {
        try {
            return Path.of(DraftTest.class.getResource("/drafts/deepseek_v3/config.json").toURI()).getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<String> kernels() {
        return KernelNames.here().stream();
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void foreseesWhatTheFormulaSays(String kernels) throws CheckpointException {
        try (LoadedModel model = LoadedModel.load(folder(), new LoadOptions(2, 0, kernels, Precision.EXACT),
                Progress.NONE); Expected expected = new Expected(folder().resolve("expected.safetensors"))) {
            Decoder decoder = model.engine().decoder();
            Ops ops = model.engine().ops();
            int[][] ids = expected.ids("input_ids");
            int count = ids[0].length;
            for (int s = 0; s < ids.length; s++) {
                ops.release(0);
                Pass pass = new Pass().add(ids[s], 0, count, 0, Outputs.ALL);
                Tensor hidden = decoder.hidden(ops, pass, States.NONE);
                close(expected.reals("logits"), s * count, decoder.logits(ops, hidden, pass, States.NONE));
                Pass following = new Pass().add(ids[s], 1, count, 0, Outputs.ALL);
                Tensor draft = decoder.draft(0, ops, hidden.rows(0, count - 1), following, States.NONE);
                close(expected.reals("draft_logits"), s * (count - 1),
                        decoder.logits(ops, draft, following, States.NONE));
            }
        }
    }

    private static void close(Tensor expected, int fromRow, Tensor found) {
        for (long i = 0; i < found.size(); i++) {
            assertEquals(expected.get((long) fromRow * expected.cols() + i), found.get(i), TOLERANCE, "number " + i);
        }
    }
}
