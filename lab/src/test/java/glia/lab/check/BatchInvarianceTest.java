package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.KernelNames;
import glia.engine.pass.Engine;
import glia.engine.state.BlockPool;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.Workers;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// On batch-invariant kernels a token's logits have the same bits in every way of computing them: whole texts as
/// training computes them, prompts in any chunks, token by token, in a batch, from a copied beginning.
class BatchInvarianceTest {
    /// Longer than a block of attention, and than what counts as many tokens anywhere.
    private static final int MOST_TOKENS = 80;

    static Stream<String> cases() {
        return FamilyInvariantsTest.decoders().flatMap(folder -> KernelNames.here().stream()
                .flatMap(kernels -> precisions(kernels).map(p -> folder + " " + kernels + " " + p)));
    }

    /// Plain weights are rounded by few sets alone.
    private static Stream<Precision> precisions(String kernels) {
        return kernels.equals("emitted") ? Stream.of(Precision.EXACT, Precision.HALF) : Stream.of(Precision.EXACT);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logitsDoNotDependOnTheBatch(String wordsOfCase) throws CheckpointException {
        String[] words = wordsOfCase.split(" ");
        try (Workers workers = new Workers(2);
                Model model = ModelLoader.load(GoldenTest.folder(words[0]));
                Engine engine = new Engine(model, KernelBackends.choose(words[1], workers).batchInvariant().kernels(),
                        Precision.valueOf(words[2]), 1 << 30)) {
            new Text(engine, true).check(words[2].equals("EXACT"));
        }
    }

    static Stream<String> cacheCases() {
        return FamilyInvariantsTest.decoders().flatMap(folder -> Stream.of(KeyValueType.BF16, KeyValueType.INT8)
                .map(type -> folder + " " + type));
    }

    /// Keys and values are rounded as they are stored, so that all ways of feeding a text read the same.
    @ParameterizedTest
    @MethodSource("cacheCases")
    void logitsDoNotDependOnTheBatchWithSmallCaches(String wordsOfCase) throws CheckpointException {
        String[] words = wordsOfCase.split(" ");
        try (Workers workers = new Workers(2);
                Model model = ModelLoader.load(GoldenTest.folder(words[0]));
                Engine engine = new Engine(model, KernelBackends.choose("best", workers).batchInvariant().kernels(),
                        Precision.EXACT, new BlockPool(1 << 30), model.spec().contextLength(),
                        KeyValueType.valueOf(words[1]))) {
            new Text(engine, false).check(false);
        }
    }

    /// A random text.
    static final class Text {
        private final Engine engine;
        private final int vocab;
        private final int[] ids;
        private final int[] source;
        private final int[] others;
        private final float[] expected;

        /// @param isStateless whether texts computed without a state have the same logits
        Text(Engine engine, boolean isStateless) {
            this(engine, isStateless,
                    new Random(7).ints(Math.min(MOST_TOKENS, engine.model().spec().contextLength() - 1), 0,
                            engine.model().spec().vocabSize()).toArray());
        }

        private Text(Engine engine, boolean isStateless, int[] ids) {
            this.engine = engine;
            this.ids = ids;
            vocab = engine.model().spec().vocabSize();
            source = engine.model().spec().encoder().isPresent() ? Arrays.copyOf(ids, 5) : new int[0];
            others = new Random(8).ints(ids.length, 0, vocab).toArray();
            expected = isStateless ? engine.read(whole(), Tensor::toArray) : prompt();
        }

        private Pass whole() {
            Pass pass = new Pass().add(ids, 0, ids.length, 0, Outputs.ALL);
            return source.length > 0 ? pass.from(source, 0, source.length) : pass;
        }

        private float[] prompt() {
            try (Sequence sequence = engine.open()) {
                add(sequence, ids, 0, ids.length);
                return engine.run().toArray();
            }
        }

        void check(boolean isRecorded) {
            if (isRecorded) {
                recorded();
            }
            pieces("a prompt", ids.length);
            // Token by token at the beginning, and across the end of a block.
            pieces("tokens, then a prompt", tokens(0, 20));
            pieces("chunks of 7", 7);
            pieces("chunks of 50", 50);
            pieces("a prompt, then tokens", tokens(Math.min(58, ids.length - 14), 12));
            inABatch();
            fork();
        }

        private void compare(String what, int from, float[] found) {
            for (int i = 0; i < found.length; i++) {
                int at = i;
                assertEquals(Float.floatToRawIntBits(expected[from * vocab + i]), Float.floatToRawIntBits(found[i]),
                        () -> what + ", position " + (from + at / vocab) + ", logit " + at % vocab + ": "
                                + expected[from * vocab + at] + " expected, " + found[at] + " found");
            }
        }

        /// As training computes it.
        private void recorded() {
            try (Gradients gradients = new Gradients();
                    Recorder recorder = new Recorder(engine.ops().kernels(), gradients)) {
                compare("recorded", 0, engine.decoder().forward(recorder, whole(), States.NONE).toArray());
            }
        }

        private void add(Sequence sequence, int[] tokens, int from, int to) {
            if (source.length > 0 && sequence.length() == 0) {
                engine.add(sequence, Input.of(source), tokens, from, to, Outputs.ALL);
            } else {
                engine.add(sequence, tokens, from, to, Outputs.ALL);
            }
        }

        /// Sizes of pieces: a prompt of some tokens, single ones, and the rest.
        private int[] tokens(int first, int singles) {
            return IntStream.concat(IntStream.concat(IntStream.of(first).filter(n -> n > 0),
                    IntStream.generate(() -> 1).limit(singles)), IntStream.of(ids.length)).toArray();
        }

        /// Feeds the text in pieces of these sizes, the last as often as needed.
        private void pieces(String what, int... sizes) {
            try (Sequence sequence = engine.open()) {
                for (int at = 0, i = 0; at < ids.length; i++) {
                    int to = Math.min(ids.length, at + sizes[Math.min(i, sizes.length - 1)]);
                    add(sequence, ids, at, to);
                    compare(what, at, engine.run().toArray());
                    at = to;
                }
            }
        }

        /// Pieces of the text beside other texts, before it and behind it.
        private void inABatch() {
            int[] ends = {ids.length / 3, ids.length / 3 + 1, ids.length};
            try (Sequence text = engine.open(); Sequence before = engine.open(); Sequence after = engine.open()) {
                for (int i = 0, at = 0; i < ends.length; at = ends[i++]) {
                    int first = before.length();
                    add(before, others, first, first + 1 + 5 * i);
                    add(text, ids, at, ends[i]);
                    add(after, others, after.length(), after.length() + 3);
                    float[] all = engine.run().toArray();
                    int start = (1 + 5 * i) * vocab;
                    compare("batched", at, Arrays.copyOfRange(all, start, start + (ends[i] - at) * vocab));
                }
            }
        }

        private void fork() {
            int half = ids.length / 2;
            try (Sequence first = engine.open()) {
                add(first, ids, 0, half);
                engine.run();
                try (Sequence fork = first.fork()) {
                    add(first, others, half, ids.length);
                    engine.run();
                    add(fork, ids, half, ids.length);
                    compare("a fork", half, engine.run().toArray());
                }
            }
        }
    }
}
