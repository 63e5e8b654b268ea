package glia.engine.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.draft.DraftTokens;
import glia.engine.pass.Engine;
import glia.engine.schedule.DecodeState;
import glia.model.TinyConfig;
import glia.model.TinyModel;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import org.junit.jupiter.api.Test;

class EarlyExitRunnerTest {
    /// Reads a prompt of a token and requests two drafts.
    private static DraftTokens begin(EarlyExitRunner runner, DecodeState state) {
        runner.prefill(state, new int[0], new int[1], 0, 1, 1);
        runner.run();
        DraftTokens drafts = new DraftTokens();
        drafts.want(2);
        runner.want(state, new int[2], 2, drafts);
        return drafts;
    }

    /// The cause is thrown, not what followed from it, and the runner goes on.
    @Test
    void aFailureSaysWhatFailedAndLeavesNothingBehind() {
        try (Workers workers = new Workers(1);
                TinyModel tiny = new TinyModel(new TinyConfig("llama", 2, 4, 2, 4, 0).json(), 7);
                Engine engine = new Engine(tiny.model(), new ScalarKernels(workers), Precision.EXACT, 1 << 20);
                Engine first = engine.ofFirstLayers(1)) {
            EarlyExitRunner runner = new EarlyExitRunner(engine, first);
            DecodeState gone = runner.open(false);
            begin(runner, gone);
            gone.close();
            String message = assertThrows(IllegalArgumentException.class, runner::draft).getMessage();
            assertTrue(message.contains("the pass begins at 1"), message);
            try (DecodeState next = runner.open(false)) {
                DraftTokens drafts = begin(runner, next);
                runner.draft();
                assertEquals(2, drafts.count());
                assertEquals(1, PlainRunner.sequence(next).length());
            }
            assertEquals(0, engine.stateBytes());
        }
    }
}
