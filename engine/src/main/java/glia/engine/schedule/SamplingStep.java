package glia.engine.schedule;

import glia.engine.sampling.BatchSampler;
import glia.engine.state.StateMemoryException;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Samples the next token of each sequence of a pass, on all threads, and calls the listeners. Sequences whose draft
/// token is accepted get two tokens. An error of one sequence ends that sequence alone.
final class SamplingStep {
    private final Admission admission;
    private final BatchSampler sampler;
    private final int vocabSize;
    private final int contextLength;
    /// The sequences of the sampler's batch.
    private final List<ScheduledSequence> batch = new ArrayList<>();
    /// Those whose draft token was accepted.
    private final List<ScheduledSequence> accepted = new ArrayList<>();

    SamplingStep(Admission admission, Kernels kernels, int vocabSize, int contextLength) {
        this.admission = admission;
        this.sampler = new BatchSampler(kernels, vocabSize);
        this.vocabSize = vocabSize;
        this.contextLength = contextLength;
    }

    /// @param logits of the pass
    void run(List<ScheduledSequence> planned, Tensor logits) {
        clear();
        accepted.clear();
        for (int i = 0; i < planned.size(); i++) {
            gather(planned.get(i));
        }
        sampler.run(logits);
        for (int i = 0; i < batch.size(); i++) {
            advance(batch.get(i), i);
        }
        if (!accepted.isEmpty()) {
            clear();
            for (int i = 0; i < accepted.size(); i++) {
                add(accepted.get(i), accepted.get(i).computed.row() + 1);
            }
            sampler.run(logits);
            for (int i = 0; i < batch.size(); i++) {
                end(batch.get(i), take(batch.get(i), i), true);
            }
        }
    }

    private void clear() {
        sampler.clear();
        batch.clear();
    }

    private void gather(ScheduledSequence s) {
        Optional<StateMemoryException> lost = s.computed.lost();
        if (lost.isPresent()) {
            if (!admission.retryAlone(s)) {
                admission.fail(s, lost.get());
            }
            return;
        }
        int row = s.computed.row();
        if (row < 0) {
            return;
        }
        s.needsAll = false;
        if (s.state() == SequenceState.PREFILLING) {
            s.become(SequenceState.DECODING);
            admission.leave(s, false);
            if (!s.generation.samplesBegun) {
                beginSamples(s, row);
            }
        }
        add(s, row);
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

    /// Takes the token at an index of the batch and accepts or rejects the draft token.
    private void advance(ScheduledSequence s, int index) {
        int draft = s.computed.draft();
        Finish finish = take(s, index);
        if (s.state().isEnd()) {
            return;
        }
        boolean isSound = true;
        if (draft >= 0) {
            s.drafted++;
            if (s.lastToken() == draft) {
                s.accepted++;
                s.computed.acceptDraft();
                if (finish == null) {
                    accepted.add(s);
                    return;
                }
            } else {
                isSound = s.computed.rejectDraft();
            }
        }
        end(s, finish, isSound);
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
