package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Tensors that are in use at the same time share no byte, whatever pieces of memory they lie in.
class WorkspaceTest {
    /// A pass: random marks, releases and allocations of a few bytes to 8 MB.
    private static List<Tensor> pass(Workspace workspace, long seed) {
        Random random = new Random(seed);
        Deque<int[]> marks = new ArrayDeque<>();
        List<Tensor> live = new ArrayList<>();
        List<Tensor> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            switch (random.nextInt(4)) {
                case 0 -> marks.push(new int[] {workspace.mark(), live.size()});
                case 1 -> {
                    if (!marks.isEmpty()) {
                        int[] mark = marks.pop();
                        workspace.release(mark[0]);
                        live.subList(mark[1], live.size()).clear();
                    }
                }
                default -> {
                    Tensor t = workspace.allocate(1 + random.nextInt(8), 1 + random.nextInt(1 << random.nextInt(19)));
                    assertEquals(0, t.memory().address() % 64);
                    for (Tensor other : live) {
                        assertTrue(t.memory().asOverlappingSlice(other.memory()).isEmpty(), "allocation " + i);
                    }
                    live.add(t);
                    all.add(t);
                }
            }
        }
        workspace.release(0);
        return all;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void tensorsInUseDoNotOverlapAndAnEqualPassGetsTheSameOnes(long seed) {
        try (Workspace workspace = new Workspace()) {
            pass(workspace, seed + 100);
            List<Tensor> first = pass(workspace, seed);
            List<Tensor> second = pass(workspace, seed);
            for (int i = 0; i < first.size(); i++) {
                assertEquals(first.get(i).memory().address(), second.get(i).memory().address(), "allocation " + i);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000, 1 << 20})
    void windowsAreOpenedAgain(int cols) {
        try (Workspace workspace = new Workspace()) {
            workspace.allocate(3, cols);
            int mark = workspace.mark();
            Tensor a = workspace.allocate(2, cols);
            Tensor b = workspace.allocate(4, cols);
            Workspace.Window window = workspace.window(mark);
            workspace.release(mark);
            workspace.reopen(window);
            assertSame(a, window.tensor(0));
            assertSame(b, window.tensor(1));
            assertTrue(workspace.allocate(1, cols).memory().asOverlappingSlice(b.memory()).isEmpty());
        }
    }
}
