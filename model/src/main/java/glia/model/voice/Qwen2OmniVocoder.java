package glia.model.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.ops.Ops;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// The vocoder of Qwen2.5-Omni (https://arxiv.org/abs/2503.20215): a transformer moves noise along its velocity to a
/// spectrogram of codes in a voice (flow matching, https://arxiv.org/abs/2210.02747), and BigVGAN makes samples of it.
public final class Qwen2OmniVocoder implements AutoCloseable {
    /// The class that config.json names.
    public static final String TYPE = "Qwen2_5OmniToken2WavModel";

    private final VoiceTensors tensors;
    private final MelFlow flow;
    private final BigVgan sound;

    /// @param checkpoint which the vocoder closes
    /// @throws CheckpointException if the config is not supported, or tensors do not fit it
    public Qwen2OmniVocoder(Config config, Path path, Checkpoint checkpoint) throws CheckpointException {
        tensors = new VoiceTensors(path, checkpoint);
        flow = new MelFlow(config.child("dit_config"), tensors, "code2wav_dit_model.");
        sound = new BigVgan(config.child("bigvgan_config"), tensors, "code2wav_bigvgan_model.");
        tensors.requireRead(List.of());
    }

    /// The numbers of a frame of a spectrogram.
    public int bands() {
        return flow.bands();
    }

    /// Frames of a code.
    public int repeats() {
        return flow.repeats();
    }

    /// The number of codes.
    public int numCodes() {
        return flow.numCodes();
    }

    /// A voice: numbers of the speaker and a spectrogram of speech, `[R, bands]`.
    public record Speaker(Tensor numbers, Tensor mel) { }

    /// What the model makes of a voice's spectrogram, `[1, E]`.
    public Tensor voice(Ops ops, Tensor mel) {
        return flow.voice(ops, mel);
    }

    /// The velocities of a noised spectrogram `[T, bands]`: that of the codes in the voice, and that of nothing.
    public Tensor[] velocities(Ops ops, Tensor noised, int[] codes, Speaker speaker, double time) {
        return new Tensor[] {flow.velocity(ops, noised, flow.given(ops, codes, speaker.numbers, speaker.mel), time),
            flow.velocity(ops, noised, flow.nothing(ops, codes.length, speaker.mel.rows()), time)};
    }

    /// The times of the steps, denser at the start: `t + sway · (cos(πt/2) - 1 + t)` of numbers from 0 to 1.
    public static double[] times(int count, double sway) {
        double[] times = new double[count];
        Arrays.setAll(times, i -> {
            double t = (double) i / (count - 1);
            return t + sway * (Math.cos(Math.PI / 2 * t) - 1 + t);
        });
        return times;
    }

    /// The spectrogram that noise becomes, `[T, bands]`, by Runge-Kutta steps of the fourth order (the 3/8 rule,
    /// https://en.wikipedia.org/wiki/List_of_Runge-Kutta_methods).
    ///
    /// @param noise normal numbers, [#repeats] rows for each code
    /// @param times of [#times]
    /// @param guidance how far the velocity is led away from that of nothing (https://arxiv.org/abs/2207.12598)
    public Tensor spectrogram(Ops ops, Tensor noise, int[] codes, Speaker speaker, double[] times, double guidance) {
        int mark = ops.mark();
        Tensor given = flow.given(ops, codes, speaker.numbers, speaker.mel);
        Tensor nothing = flow.nothing(ops, codes.length, speaker.mel.rows());
        Tensor x = Tensor.allocate(Arena.ofAuto(), DType.F32, noise.rows(), noise.cols());
        x.copyFrom(noise);
        for (int s = 0; s + 1 < times.length; s++) {
            double step = times[s + 1] - times[s];
            float[][] k = new float[4][];
            for (int i = 0; i < k.length; i++) {
                int inner = ops.mark();
                Tensor at = ops.scale(x, 1);
                for (int n = 0; i > 0 && n < x.size(); n++) {
                    double change = i == 1 ? k[0][n] / 3 : i == 2 ? k[1][n] - k[0][n] / 3
                            : k[0][n] - k[1][n] + k[2][n];
                    at.set(n, (float) (x.get(n) + step * change));
                }
                double time = i == 3 ? times[s + 1] : times[s] + step * i / 3;
                k[i] = flow.velocity(ops, at, given, time).toArray();
                if (guidance > 0) {
                    float[] other = flow.velocity(ops, at, nothing, time).toArray();
                    for (int n = 0; n < other.length; n++) {
                        k[i][n] += (float) (guidance * (k[i][n] - other[n]));
                    }
                }
                ops.release(inner);
            }
            for (int n = 0; n < x.size(); n++) {
                x.set(n, (float) (x.get(n) + step / 8 * (k[0][n] + 3 * ((double) k[1][n] + k[2][n]) + k[3][n])));
            }
        }
        ops.release(mark);
        return x;
    }

    /// The samples of a spectrogram, `[S, 1]`.
    public Tensor samples(Ops ops, Tensor mel) {
        return sound.of(ops, mel);
    }

    /// The memory of the weights.
    public long bytes() {
        return tensors.bytes();
    }

    /// The gradients of the tensors of the checkpoint, by name.
    public Map<String, Tensor> gradients(Gradients gradients) {
        return tensors.gradients(gradients);
    }

    @Override
    public void close() {
        tensors.close();
    }
}
