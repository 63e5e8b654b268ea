package glia.engine.speech;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.model.block.CrossWatcher;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.zip.Deflater;

/// Decodes the text of one window, which its encoder reads once. Passes take turns with those of other threads.
final class WindowDecoder implements AutoCloseable {
    /// The text of a window.
    record Decoded(List<Integer> tokens, double logProbability, double compression, double noSpeech,
            double temperature) { }

    private final Engine engine;
    private final SpeechTokens tokens;
    private final Sequence sequence;
    private final BooleanSupplier isCancelled;
    private final int most;
    private final float[] first;

    /// @param sound the features of the window
    /// @param watcher of the keys of cross attention; null for none
    WindowDecoder(Engine engine, SpeechTokens tokens, Input sound, CrossWatcher watcher, BooleanSupplier isCancelled) {
        this.engine = engine;
        this.tokens = tokens;
        this.isCancelled = isCancelled;
        most = engine.model().spec().contextLength() / 2;
        sequence = engine.open();
        try {
            first = pass(watcher, () -> engine.add(sequence, sound, new int[] {tokens.start}, 0, 1, Outputs.LAST));
        } catch (RuntimeException | Error e) {
            sequence.close();
            throw e;
        }
    }

    /// Adds tokens and computes logits; other threads compute before or after.
    float[] pass(CrossWatcher watcher, Runnable add) {
        return pass(engine, watcher, isCancelled, add);
    }

    /// The same for another decoder.
    static float[] pass(Engine engine, CrossWatcher watcher, BooleanSupplier isCancelled, Runnable add) {
        return claimed(engine, watcher, isCancelled, () -> {
            add.run();
            return engine.run().toArray();
        });
    }

    /// @throws CancellationException if the transcription is to end
    static void requireGoing(BooleanSupplier isCancelled) {
        if (isCancelled.getAsBoolean()) {
            throw new CancellationException("the transcription was ended");
        }
    }

    /// Computes a pass; other threads compute before or after.
    ///
    /// @throws CancellationException if it is not to be computed any more
    private static <T> T claimed(Engine engine, CrossWatcher watcher, BooleanSupplier isCancelled, Supplier<T> work) {
        requireGoing(isCancelled);
        engine.awaitClaim();
        try {
            engine.pass().watch(watcher);
            return work.get();
        } catch (RuntimeException | Error e) {
            engine.discard();
            throw e;
        } finally {
            engine.pass().watch(null);
            engine.release();
        }
    }

    /// The most probable language.
    String language() {
        return tokens.languages.keySet().stream().reduce((a, b) ->
                first[tokens.languages.get(b)] > first[tokens.languages.get(a)] ? b : a).orElse("en");
    }

    private double noSpeech(float[] logits) {
        return tokens.noSpeech < 0 ? 0 : Math.exp(logits[tokens.noSpeech] - SpeechRules.logSum(logits, 0,
                logits.length));
    }

    /// Decodes with the first temperature that gives an acceptable text.
    ///
    /// @param before tokens of the text before
    /// @param task the tokens of language and task, from the start token on
    Decoded decode(int[] before, int[] task, TranscribeOptions options, Random random) {
        Decoded decoded = null;
        for (double temperature : options.temperatures()) {
            decoded = decode(before, task, options, temperature, random);
            boolean isSilent = decoded.noSpeech > options.noSpeech()
                    && decoded.logProbability < options.leastLogProbability();
            boolean isBad = decoded.compression > options.mostRepetitive()
                    || decoded.logProbability < options.leastLogProbability();
            if (!isBad || isSilent) {
                break;
            }
        }
        return decoded;
    }

    private Decoded decode(int[] before, int[] task, TranscribeOptions options, double temperature, Random random) {
        float[] atStart = first;
        if (before.length > 0) {
            int kept = Math.min(before.length, most - 1);
            int[] prompt = new int[kept + 2];
            prompt[0] = tokens.previous;
            System.arraycopy(before, before.length - kept, prompt, 1, kept);
            prompt[kept + 1] = tokens.start;
            sequence.restart();
            atStart = pass(null, () -> engine.add(sequence, Input.of(), prompt, 0, prompt.length, Outputs.LAST));
        } else if (!sequence.truncate(1)) {
            throw new IllegalStateException("the sequence cannot be truncated");
        }
        float[] logits = task.length == 1 ? atStart
                : pass(null, () -> engine.add(sequence, task, 1, task.length, Outputs.LAST));
        SpeechRules rules = new SpeechRules(tokens, options.timestamps());
        int count = temperature == 0 ? 1 : options.numSamples();
        List<Sample> samples = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                samples.add(new Sample(count == 1 ? sequence : sequence.fork()));
                samples.getLast().take(logits.clone(), rules, temperature, random);
            }
            List<Sample> open = new ArrayList<>(samples);
            while (true) {
                open.removeIf(s -> s.isDone || s.text.size() >= most
                        || s.sequence.length() >= engine.model().spec().contextLength() - 1);
                if (open.isEmpty()) {
                    break;
                }
                float[] all = pass(null, () -> {
                    for (Sample s : open) {
                        engine.add(s.sequence, new int[] {s.text.getLast()}, 0, 1, Outputs.LAST);
                    }
                });
                int width = all.length / open.size();
                for (int i = 0; i < open.size(); i++) {
                    open.get(i).take(open.size() == 1 ? all : Arrays.copyOfRange(all, i * width,
                            (i + 1) * width), rules, temperature, random);
                }
            }
        } finally {
            if (count > 1) {
                samples.forEach(s -> s.sequence.close());
            }
        }
        Sample best = samples.stream().reduce((a, b) -> b.mean() > a.mean() ? b : a).orElseThrow();
        return new Decoded(best.text, best.mean(), compression(tokens.text(best.text).strip()), noSpeech(atStart),
                temperature);
    }

    /// A text that is decoded.
    private final class Sample {
        private final Sequence sequence;
        private final List<Integer> text = new ArrayList<>();
        private double logProbability;
        private boolean isDone;

        Sample(Sequence sequence) {
            this.sequence = sequence;
        }

        /// Takes the next token; the logits are overwritten.
        void take(float[] logits, SpeechRules rules, double temperature, Random random) {
            rules.apply(logits, text);
            double sum = SpeechRules.logSum(logits, 0, logits.length);
            int next = temperature == 0 ? largest(logits) : sampled(logits, temperature, random);
            logProbability += logits[next] - sum;
            isDone = next == tokens.end;
            if (!isDone) {
                text.add(next);
            }
        }

        double mean() {
            return logProbability / (text.size() + 1);
        }
    }

    /// The most probable token.
    static int largest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private static int sampled(float[] logits, double temperature, Random random) {
        float[] scaled = new float[logits.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = (float) (logits[i] / temperature);
        }
        double sum = SpeechRules.logSum(scaled, 0, scaled.length);
        double left = random.nextDouble();
        for (int i = 0; i < scaled.length; i++) {
            left -= Math.exp(scaled[i] - sum);
            if (left < 0 && scaled[i] > Float.NEGATIVE_INFINITY) {
                return i;
            }
        }
        return largest(logits);
    }

    /// Bytes of a text divided by those of zlib.
    static double compression(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try (Deflater deflater = new Deflater()) {
            deflater.setInput(bytes);
            deflater.finish();
            int size = 0;
            byte[] out = new byte[1024];
            while (!deflater.finished()) {
                size += deflater.deflate(out);
            }
            return (double) bytes.length / size;
        }
    }

    /// Computes a text at once, after the encoder's window, for its alignment.
    ///
    /// @return the logits of all tokens
    Tensor all(int[] ids, CrossWatcher watcher) {
        return claimed(engine, watcher, isCancelled, () -> {
            sequence.restart();
            engine.add(sequence, Input.of(), ids, 0, ids.length, Outputs.ALL);
            Tensor logits = engine.run();
            Tensor copy = Tensor.allocate(Arena.ofAuto(), logits.dtype(), logits.rows(),
                    logits.cols());
            copy.copyFrom(logits);
            return copy;
        });
    }

    @Override
    public void close() {
        sequence.close();
    }
}
