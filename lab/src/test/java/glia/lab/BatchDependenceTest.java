package glia.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.KernelNames;
import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.engine.pass.Engine;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// How much a real model's logits depend on what else is in the pass, in each precision: not more than ADR 5 says, and
/// on batch-invariant kernels not at all.
class BatchDependenceTest {
    /// What the mean and the largest divergence, and the difference of logits, stay below.
    private record Bounds(double meanKl, double mostKl, double largest) {
        static Bounds of(Precision precision) {
            return precision == Precision.EXACT ? new Bounds(1e-9, 1e-8, 1e-3) : new Bounds(2e-3, 0.03, 2);
        }

        void check(String what, Divergence found) {
            assertTrue(found.meanKl() <= meanKl && found.mostKl() <= mostKl && found.largest() <= largest,
                    () -> what + ": " + found + ", at most " + this);
        }
    }

    @Test
    void logitsDependOnTheBatchByNoMoreThanIsSaid() throws IOException {
        check(32);
    }

    @Test
    @Tag("slow")
    void norDoThoseOfMoreTokens() throws IOException {
        check(64);
    }

    private static void check(int numTokens) throws IOException {
        int[] all = tokens();
        int[][] texts = {Arrays.copyOf(all, numTokens), Arrays.copyOfRange(all, numTokens, 2 * numTokens),
            Arrays.copyOfRange(all, 2 * numTokens, 3 * numTokens)};
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(RealModelsTest.smolLm2())) {
            for (String name : names()) {
                Kernels kernels = KernelBackends.choose(name, workers).kernels();
                for (Precision precision : name.equals("emitted") ? List.of(Precision.EXACT, Precision.FAST)
                        : List.of(Precision.FAST)) {
                    try (Engine normal = new Engine(model, kernels, precision, 1 << 30);
                            Engine invariant = new Engine(model, kernels.batchInvariant(), precision, 1 << 30)) {
                        check(name + " " + precision, Bounds.of(precision), normal, invariant, texts);
                    }
                }
            }
        }
    }

    /// Where there is machine code of several levels, the best and the least.
    private static List<String> names() {
        return KernelNames.here().stream().filter(name -> name.startsWith("emitted")).toList();
    }

    private static int[] tokens() throws IOException {
        try (LanguageModel model = LanguageModel.load(RealModelsTest.smolLm2(), LoadOptions.defaults())) {
            return model.tokenizer().encode(Files.readString(RealModelsTest.resource("smollm2/shakespeare.txt")), true);
        }
    }

    /// @param texts the one whose logits are compared, and others to run beside it
    private static void check(String what, Bounds bounds, Engine normal, Engine invariant, int[][] texts) {
        int vocab = normal.model().spec().vocabSize();
        int[] ids = texts[0];
        int[][] others = Arrays.copyOfRange(texts, 1, texts.length);
        float[] whole = Divergence.chunks(normal, ids, ids.length);
        float[] same = Divergence.chunks(invariant, ids, ids.length);
        bounds.check(what + ", batch-invariant or not", Divergence.of(whole, same, vocab));
        for (int size : new int[] {1, 30}) {
            String ways = what + ", a prompt or chunks of " + size;
            bounds.check(ways, Divergence.of(whole, Divergence.chunks(normal, ids, size), vocab));
            assertEquals(1, Divergence.sameBits(same, Divergence.chunks(invariant, ids, size)), ways);
            assertEquals(1, Divergence.sameBits(same, Divergence.chunksAmong(invariant, others, ids, size)),
                    ways + " among others");
        }
    }
}
