package glia.reason.search;

import glia.engine.LanguageModel;
import glia.reason.preference.ProcessRewardModel;
import glia.reason.reward.ModelReward;
import glia.reason.reward.Reward;
import java.util.OptionalDouble;

/// Scores answers and beginnings of answers; higher is better.
@FunctionalInterface
public interface Scorer {
    /// @return a finite number
    double score(Search.Question question, Search.Candidate candidate);

    /// The mean log-probability of a token under the model itself: a scorer that needs nothing else.
    static Scorer likelihood() {
        return (question, candidate) -> candidate.meanLogProbability();
    }

    /// A verifier. Where the reward does not apply, and for unfinished answers, the score is 0.
    static Scorer of(Reward verifier) {
        return (question, candidate) -> {
            if (!candidate.isFinished()) {
                return 0;
            }
            OptionalDouble score = verifier.score(question.sample(candidate));
            return score.isPresent() && Double.isFinite(score.getAsDouble()) ? score.getAsDouble() : 0;
        };
    }

    /// A process reward model: the least probability of the steps so far being right.
    static Scorer of(ProcessRewardModel steps) {
        return (question, candidate) -> steps.least(question.prompt(), candidate.answer().isEmpty()
                ? candidate.thinking() : candidate.answer());
    }

    /// A reward model with one score, an outcome or a process reward model: it reads the conversation of question and
    /// answer, by its chat template if it has one. The beginning of an answer gets the score of the conversation so
    /// far.
    ///
    /// @throws IllegalArgumentException if the model is no classifier, or has several classes
    static Scorer of(LanguageModel rewardModel) {
        ModelReward reward = new ModelReward(rewardModel);
        return (question, candidate) -> reward.score(question.prompt(),
                candidate.answer().isEmpty() ? candidate.thinking() : candidate.answer());
    }
}
