package glia.reason.reward;

import glia.engine.LanguageModel;
import glia.engine.score.Classifier;
import glia.io.CheckpointException;
import glia.train.data.PreferenceData;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.locks.ReentrantLock;

/// The score of a trained reward model (`task: reward`) for a prompt with a completion, encoded as in training: by the
/// model's chat template if it has one, else as a text with its end token. Any real number. For any threads; one of
/// them computes at a time.
public final class ModelReward implements Reward, AutoCloseable {
    /// The time limit of a score: a pass over a long completion may take minutes on a busy processor.
    private static final Duration LIMIT = Duration.ofMinutes(10);

    private final LanguageModel model;
    private final Classifier classifier;
    /// The engine is for one thread at a time.
    private final ReentrantLock lock = new ReentrantLock();

    /// @param model with one score; it is closed with this reward
    /// @throws IllegalArgumentException if the model is no classifier, or has several classes
    public ModelReward(LanguageModel model) {
        this.model = model;
        classifier = new Classifier(model);
        if (classifier.classes().size() != 1) {
            throw new IllegalArgumentException("the reward model: found " + classifier.classes().size()
                    + " scores, expected 1");
        }
    }

    static NamedReward named() {
        return new NamedReward("model", "the score of a reward model that task: reward trained",
                List.of(new RewardOptions.RewardOption("path", "", "its folder or .gguf file, or a name on the hub")),
                ModelReward::load);
    }

    private static ModelReward load(RewardOptions options) {
        String path = options.requiredText("path");
        LanguageModel model;
        try {
            model = LanguageModel.load(path);
        } catch (IOException e) {
            throw new IllegalArgumentException("reward model, option path: " + e.getMessage(), e);
        }
        try {
            return new ModelReward(model);
        } catch (IllegalArgumentException e) {
            model.close();
            throw new IllegalArgumentException("reward model, option path: " + path + ": " + e.getMessage(), e);
        }
    }

    @Override
    public OptionalDouble score(Sample sample) {
        return OptionalDouble.of(score(sample.prompt(), sample.completion()));
    }

    /// The score of a completion.
    ///
    /// @throws IllegalArgumentException if both together have more tokens than the context, or the template refuses
    ///     them
    public double score(String prompt, String completion) {
        int[] ids;
        try {
            ids = PreferenceData.encode(prompt, completion, model.template(), model.tokenizer());
        } catch (CheckpointException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        lock.lock();
        try {
            return classifier.scores(ids)[0];
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Duration timeLimit() {
        return LIMIT;
    }

    @Override
    public void close() {
        model.close();
    }
}
