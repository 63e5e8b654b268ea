package glia.reason.alignment;

import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.engine.sampling.TokenMask;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.reason.reward.Sample;
import glia.tensor.Hash;
import glia.text.template.ChatMessage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Samples answers of a chat model and reads which of two options it chooses. Conversations are answered side by side.
public final class ChatSampler {
    /// Conversations that are submitted together.
    private static final int BATCH = 32;

    private final LanguageModel model;
    private final int maxTokens;

    /// An answer.
    ///
    /// @param tokens number of its tokens, the end token included
    /// @param isFinished whether it ended by itself
    public record Answer(String text, int tokens, boolean isFinished) {
        /// The answer to a prompt, for rewards.
        public Sample sample(String prompt) {
            return new Sample(prompt, text, tokens, isFinished, Map.of());
        }
    }

    /// @param model with a chat template
    /// @param maxTokens most tokens of an answer
    /// @throws IllegalArgumentException if the model has no chat template
    public ChatSampler(LanguageModel model, int maxTokens) {
        if (model.template().isEmpty()) {
            throw new IllegalArgumentException("the model has no chat template, so it cannot hold the conversations "
                    + "that constitutional AI needs; use an instruction-tuned model");
        }
        this.model = model;
        this.maxTokens = maxTokens;
    }

    /// Answers conversations, whose last messages are the user's.
    ///
    /// @param count answers of each
    /// @param temperature 0 is greedy
    /// @param seed decides all answers
    /// @throws IllegalArgumentException if a conversation does not fit the context
    public List<List<Answer>> answers(List<List<ChatMessage>> conversations, int count, double temperature,
            long seed) {
        List<List<Answer>> all = new ArrayList<>();
        for (int from = 0; from < conversations.size(); from += BATCH) {
            List<Generation> running = new ArrayList<>();
            for (int i = from; i < Math.min(from + BATCH, conversations.size()); i++) {
                running.add(model.scheduler().submit(GenerationRequest.of(encode(conversations.get(i), ""))
                        .numSamples(count).maxTokens(maxTokens).stopTokens(model.tokenizer().endOfGeneration())
                        .sampling(SamplingOptions.neutral().withTemperature((float) temperature)
                                .withSeed(Hash.of(seed, i)))
                        .build()));
            }
            for (Generation one : running) {
                all.add(one.await().stream().map(this::answer).toList());
            }
        }
        return all;
    }

    private Answer answer(Completion completion) {
        int[] ids = completion.tokens();
        Set<Integer> ends = model.tokenizer().endOfGeneration();
        boolean isFinished = ids.length > 0 && ends.contains(ids[ids.length - 1]);
        return new Answer(model.tokenizer().decode(isFinished ? Arrays.copyOf(ids, ids.length - 1) : ids, true)
                .strip(), ids.length, isFinished);
    }

    /// The probabilities of `A` rather than `B` as the next token, normalized over the two.
    ///
    /// @param begun the beginning of the model's answer, after which it chooses
    public double[] choices(List<List<ChatMessage>> conversations, String begun) {
        int[] options = {option("A"), option("B")};
        double[] chosen = new double[conversations.size()];
        for (int from = 0; from < chosen.length; from += BATCH) {
            List<Generation> running = new ArrayList<>();
            for (int i = from; i < Math.min(from + BATCH, chosen.length); i++) {
                running.add(model.scheduler().submit(GenerationRequest.of(encode(conversations.get(i), begun))
                        .numSamples(options.length).maxTokens(1).logProbabilities(0)
                        .mask(sample -> forced(options[sample])).build()));
            }
            for (int i = 0; i < running.size(); i++) {
                List<Completion> both = running.get(i).await();
                double difference = both.get(1).logProbabilities()[0] - (double) both.get(0).logProbabilities()[0];
                chosen[from + i] = 1 / (1 + Math.exp(difference));
            }
        }
        return chosen;
    }

    private static TokenMask forced(int token) {
        return new TokenMask() {
            @Override
            public long[] allowed() {
                return null;
            }

            @Override
            public int forced() {
                return token;
            }
        };
    }

    private int option(String letter) {
        return model.tokenizer().encodePlain(letter, false)[0];
    }

    private int[] encode(List<ChatMessage> conversation, String begun) {
        int[] prompt = model.template().orElseThrow().encode(conversation, model.renderOptions(), model.tokenizer());
        int[] more = model.tokenizer().encodePlain(begun, false);
        int[] ids = Arrays.copyOf(prompt, prompt.length + more.length);
        System.arraycopy(more, 0, ids, prompt.length, more.length);
        if (ids.length >= model.contextLength()) {
            throw new IllegalArgumentException("a conversation has " + ids.length + " tokens, expected fewer than the "
                    + "context of " + model.contextLength() + "; shorten the prompt or the answers");
        }
        return ids;
    }
}
