package glia.reason.search;

import glia.engine.LanguageModel;
import glia.engine.answer.AnswerText;
import glia.engine.answer.CollectedAnswer;
import glia.engine.answer.TokenRules;
import glia.engine.sampling.TokenLogProbability;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.TokenListener;
import glia.engine.thinking.ThinkingOptions;
import glia.engine.thinking.ThinkingPlan;
import glia.jinja.value.TrustedText;
import glia.reason.search.Search.Candidate;
import glia.reason.search.Search.TokenUse;
import glia.tensor.Hash;
import glia.text.template.ChatMessage;
import glia.text.tokenizer.StreamingDecoder;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Samples continuations of one prompt within a token budget. Continuations with a common beginning share its KV cache:
/// samples of one request by forking, later requests by the prefix cache. The seed of each request is a function of the
/// search's seed and the request's number.
final class Continuations {
    private final LanguageModel model;
    private final SearchOptions options;
    private final int[] prompt;
    private final Optional<ThinkingPlan> plan;
    private final long seed;
    private long numRequests;
    private TokenUse used = TokenUse.NONE;

    /// @param answerTokens the most tokens that an answer is expected to get
    Continuations(LanguageModel model, SearchOptions options, String question, ThinkingOptions wanted,
            int answerTokens, long seed) {
        this.model = model;
        this.options = options;
        this.seed = seed;
        Tokenizer tokenizer = model.tokenizer();
        ThinkingOptions thinking = model.routed(List.of(ChatMessage.user(question)), wanted);
        if (model.template().isEmpty() && thinking.isDefault()) {
            prompt = tokenizer.encodePlain(question, true);
            plan = Optional.empty();
        } else {
            var variables = model.thinking().render(model.renderOptions(), thinking);
            TrustedText text = model.template().orElseThrow().renderTrusted(List.of(ChatMessage.user(question)),
                    variables);
            prompt = tokenizer.encode(text, false);
            int room = Math.max(1, Math.min(answerTokens, model.contextLength() - prompt.length));
            plan = model.thinking().plan(text, thinking, model.contextLength(), room);
        }
        if (prompt.length >= model.contextLength()) {
            throw new IllegalArgumentException("the question has " + prompt.length + " tokens, expected fewer than the "
                    + "context of " + model.contextLength());
        }
    }

    /// The tokens spent so far.
    TokenUse used() {
        return used;
    }

    /// The tokens that may still be generated.
    int left() {
        return (int) Math.max(0, options.maxTokens() - used.generated());
    }

    /// Several whole answers.
    ///
    /// @param reserve tokens of the budget that stay for later
    List<Candidate> answers(int count, int reserve) {
        return extend(List.of(nothing()), count, options.answerTokens(), false, reserve).getFirst();
    }

    /// The empty beginning of an answer.
    Candidate nothing() {
        return new Candidate(new int[0], "", "", "", 0, false);
    }

    /// Continues beginnings of answers by a step or to the end. The budget left is divided equally; where it does not
    /// suffice for one token each, the last ones get none.
    ///
    /// @param count continuations of each
    /// @return for each beginning its continuations, which include it; fewer than `count` if the budget is used up
    List<List<Candidate>> extend(List<Candidate> begun, int count, int maxTokens, boolean isStep, int reserve) {
        int budget = Math.max(0, left() - reserve);
        int wanted = Math.multiplyExact(begun.size(), count);
        int each = Math.min(maxTokens, wanted == 0 ? 0 : budget / wanted);
        int allowed = each > 0 ? wanted : Math.min(wanted, budget);
        List<Generation> running = new ArrayList<>();
        List<Integer> numbers = new ArrayList<>();
        for (Candidate one : begun) {
            int number = Math.min(count, allowed);
            allowed -= number;
            numbers.add(number);
            int room = model.contextLength() - prompt.length - one.tokens().length;
            running.add(number == 0 || room <= 0 ? null
                    : model.scheduler().submit(request(one, number, Math.clamp(options.answerTokens()
                            - one.tokens().length, 1, Math.max(1, each)), isStep)));
        }
        List<List<Candidate>> all = new ArrayList<>();
        for (int i = 0; i < begun.size(); i++) {
            List<Candidate> continued = new ArrayList<>();
            if (running.get(i) != null) {
                for (Completion made : running.get(i).await()) {
                    made.orThrow();
                    used = used.plus(new TokenUse(made.tokens().length, made.promptTokens() - made.reusedTokens(),
                            made.reusedTokens()));
                    continued.add(candidate(begun.get(i), made));
                }
            }
            all.add(continued);
        }
        return all;
    }

    private GenerationRequest request(Candidate begun, int count, int maxTokens, boolean isStep) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + begun.tokens().length);
        System.arraycopy(begun.tokens(), 0, ids, prompt.length, begun.tokens().length);
        GenerationRequest.Builder request = GenerationRequest.of(ids).numSamples(count).maxTokens(maxTokens)
                .sampling(options.sampling().withSeed(Hash.of(seed, numRequests++))).logProbabilities(0)
                .stopTokens(model.tokenizer().endOfGeneration()).steering(model.options().steering());
        if (plan.isPresent() && plan.get().isLimited()) {
            request.mask(sample -> plan.get().mask(begun.tokens()).orElseThrow());
        }
        if (isStep) {
            request.listener(new StepEnd(count));
        }
        return request.build();
    }

    /// Ends each sample after a line that is not blank.
    private final class StepEnd implements TokenListener {
        private final List<StreamingDecoder> decoders = new ArrayList<>();
        private final boolean[] hasText;

        StepEnd(int count) {
            hasText = new boolean[count];
            for (int i = 0; i < count; i++) {
                decoders.add(model.tokenizer().streamingDecoder(true));
            }
        }

        @Override
        public boolean token(int sample, int token, float logProbability) {
            String piece = decoders.get(sample).accept(token);
            int line = piece.lastIndexOf('\n');
            boolean hadText = hasText[sample] || line > 0 && !piece.substring(0, line).isBlank();
            hasText[sample] |= !piece.isBlank();
            return line < 0 || !hadText;
        }

        @Override
        public boolean token(int sample, int token, float logProbability, List<TokenLogProbability> alternatives) {
            return token(sample, token, logProbability);
        }
    }

    private Candidate candidate(Candidate begun, Completion made) {
        int[] tokens = Arrays.copyOf(begun.tokens(), begun.tokens().length + made.tokens().length);
        System.arraycopy(made.tokens(), 0, tokens, begun.tokens().length, made.tokens().length);
        double logProbability = begun.logProbability();
        for (float one : made.logProbabilities()) {
            // A forced token may have no probability at all.
            logProbability += Math.max(one, -1e3);
        }
        boolean isFinished = tokens.length > 0
                && model.tokenizer().endOfGeneration().contains(tokens[tokens.length - 1]);
        CollectedAnswer answer = new CollectedAnswer();
        AnswerText text = new AnswerText(model.tokenizer(), TokenRules.USUAL, List.of(), plan, Optional.empty(), 0,
                event -> event.deliver(answer));
        for (int token : tokens) {
            text.accept(token);
        }
        boolean isThought = !text.isThinking();
        text.finish();
        String completion = answer.thinking().isEmpty() ? answer.text()
                : "<think>\n" + answer.thinking() + (isThought ? "\n</think>\n\n" + answer.text() : "");
        return new Candidate(tokens, answer.thinking(), answer.text(), completion, logProbability, isFinished);
    }
}
