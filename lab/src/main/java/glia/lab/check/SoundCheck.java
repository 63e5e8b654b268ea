package glia.lab.check;

import glia.engine.pass.Engine;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.block.Input;
import glia.model.block.Pass;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.ops.logits.CtcLoss;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Compares an encoder of sounds with the `expected.safetensors` of its folder: logits of each sound alone and of all
/// in a batch, the CTC loss, gradients.
final class SoundCheck {
    private final Path folder;
    private final Engine engine;
    private final Expected expected;

    SoundCheck(Path folder, Engine engine, Expected expected) {
        this.folder = folder;
        this.engine = engine;
        this.expected = expected;
    }

    void run(Differences differences) throws CheckpointException {
        List<Input> sounds = expected.sources(engine.model().spec());
        int frames = sounds.getFirst().ids().length;
        int size = engine.model().spec().vocabSize();
        float[] alone = new float[sounds.size() * frames * size];
        Pass all = new Pass();
        for (int s = 0; s < sounds.size(); s++) {
            float[] one = engine.read(new Pass().add(sounds.get(s), 0, frames, Pass.Outputs.ALL), Tensor::toArray);
            System.arraycopy(one, 0, alone, s * one.length, one.length);
            all.add(sounds.get(s), 0, frames, Pass.Outputs.ALL);
        }
        differences.numbers("logits", alone, expected.reals("logits"));
        differences.numbers("logits", engine.read(all, Tensor::toArray), expected.reals("logits"));
        if (expected.has("loss")) {
            loss(sounds, frames, differences);
        }
    }

    private void loss(List<Input> sounds, int frames, Differences differences) throws CheckpointException {
        Config config = Config.read(folder.resolve("config.json"));
        boolean isMean = config.text("ctc_loss_reduction", "sum").equals("mean");
        boolean zeroes = config.flag("ctc_zero_infinity", false);
        int blank = engine.model().spec().embedding().padding().orElseThrow();
        int[][] labels = expected.ids("labels");
        TokenBatch batch = new TokenBatch();
        sounds.forEach(batch::addWhole);
        Loss loss = p -> {
            Value logProbs = p.logits().logSoftmax();
            Value sum = logProbs.constant(0f);
            for (int s = 0; s < labels.length; s++) {
                int[] text = Arrays.stream(labels[s]).filter(t -> t >= 0 && t != blank).toArray();
                Value one = logProbs.rows(IntStream.range(s * frames, (s + 1) * frames).toArray())
                        .apply(x -> new CtcLoss(x, text, blank));
                if (!zeroes || !Double.isInfinite(one.number())) {
                    sum = sum.plus(isMean ? one.times(1.0 / (Math.max(1, text.length) * labels.length)) : one);
                }
            }
            return sum;
        };
        boolean hasGradients = !expected.gradients().isEmpty();
        try (TrainingPass training = TrainingPass.of(engine, TrainingOptions.defaults())) {
            differences.loss(hasGradients ? training.loss(batch, loss) : training.evaluate(batch, loss));
            if (hasGradients) {
                differences.gradients(training.gradients());
            }
        }
    }
}
