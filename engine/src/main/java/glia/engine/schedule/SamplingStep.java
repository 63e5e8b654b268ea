package glia.engine.schedule;

import glia.engine.sampling.BatchSampler;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Samples the next token of each sequence of a pass, on all threads, and calls the listeners. A sequence gets a
/// token more for each draft token that is accepted: its sampler, which then has the same state as without drafts, runs
/// on row after row until it picks another token. An error of one sequence ends that sequence alone.
final class SamplingStep {
    private final Admission admission;
    private final Kernels kernels;
    private final float temperature;
    private final BatchSampler sampler;
    private final int vocabSize;
    private final int contextLength;
    /// The sequences of the sampler's batch.
    private final List<ScheduledSequence> batch = new ArrayList<>();
    /// Those whose last token is their draft token.
    private final List<ScheduledSequence> accepted = new ArrayList<>();

    /// @param temperature divides the logits
    SamplingStep(Admission admission, Kernels kernels, double temperature, int vocabSize, int contextLength) {
        this.admission = admission;
        this.kernels = kernels;
        this.temperature = (float) temperature;
        this.sampler = new BatchSampler(kernels, vocabSize);
        this.vocabSize = vocabSize;
        this.contextLength = contextLength;
    }

    /// @param logits of the pass
    void run(List<ScheduledSequence> planned, Tensor logits) {
        if (temperature != 1) {
            kernels.scale(logits, logits, 1 / temperature);
        }
        clear();
        for (int i = 0; i < planned.size(); i++) {
            gather(planned.get(i));
        }
        for (int round = 0; !batch.isEmpty(); round++) {
            sampler.run(logits);
            accepted.clear();
            for (int i = 0; i < batch.size(); i++) {
                advance(batch.get(i), i, round);
            }
            clear();
            for (int i = 0; i < accepted.size(); i++) {
                add(accepted.get(i), accepted.get(i).computed.row() + round + 1);
            }
        }
    }

    private void clear() {
        sampler.clear();
        batch.clear();
    }

    private void gather(ScheduledSequence s) {
        int row = s.computed.row();
        if (row < 0) {
            prefilled(s);
            return;
        }
        if (s.state() == SequenceState.PREFILLING) {
            s.become(SequenceState.DECODING);
            admission.leave(s, false);
            if (!s.generation.samplesBegun) {
                beginSamples(s, row);
            }
        }
        add(s, row);
    }

    private void prefilled(ScheduledSequence s) {
        admission.keep(s);
        try {
            s.request.listener().prefilled(s.computed.length(), s.length());
        } catch (Throwable e) {
            admission.fail(s, e);
        }
    }

    /// Forks the state of the first sample, which has prefilled the prompt, for the other samples.
    private void beginSamples(ScheduledSequence first, int row) {
        first.generation.samplesBegun = true;
        ScheduledSequence[] samples = first.generation.samples();
        for (int i = 1; i < samples.length; i++) {
            if (admission.begin(samples[i], first)) {
                add(samples[i], row);
            }
        }
    }

    private void add(ScheduledSequence s, int row) {
        try {
            sampler.add(s.sampler(vocabSize), row, s.request.numAlternatives());
            batch.add(s);
        } catch (Throwable e) {
            admission.fail(s, e);
        }
    }

    /// Takes the token at an index of the batch. If it is the next draft token, the row after it is sampled next.
    private void advance(ScheduledSequence s, int index, int round) {
        Finish finish = take(s, index);
        if (s.state().isEnd()) {
            return;
        }
        if ((finish != null || isReady(s, round)) && s.acceptsDraft(round) && finish == null) {
            accepted.add(s);
        } else if (!s.state().isEnd()) {
            end(s, finish, s.removeRejected());
        }
    }

    /// Whether the token after the next draft token, if there is one, can be sampled without delay. Else the drafts end
    /// here.
    private boolean isReady(ScheduledSequence s, int round) {
        try {
            return round >= s.drafts.count() || s.isReady(vocabSize);
        } catch (Throwable e) {
            admission.fail(s, e);
            return false;
        }
    }

    /// @return why the sequence ends with its token; null if it continues or has failed
    private Finish take(ScheduledSequence s, int index) {
        try {
            return s.take(sampler.token(index), sampler.logProbability(index), sampler.alternatives(index),
                    contextLength);
        } catch (Throwable e) {
            admission.fail(s, e);
            return null;
        }
    }

    /// @param isSound whether the state agrees with the tokens
    private void end(ScheduledSequence s, Finish finish, boolean isSound) {
        if (s.state().isEnd()) {
            return;
        }
        if (finish != null) {
            if (!isSound) {
                s.computed.keep(0);
            }
            admission.end(s, finish, Optional.empty());
        } else if (!isSound) {
            s.computed.keep(0);
            admission.preempt(s);
        }
        s.generation.progress();
    }
}
