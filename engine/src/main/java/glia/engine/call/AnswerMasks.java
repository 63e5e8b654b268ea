package glia.engine.call;

import glia.engine.LanguageModel;
import glia.engine.answer.AnswerTools;
import glia.engine.answer.ToolChoice;
import glia.engine.grammar.Grammar;
import glia.engine.grammar.GrammarVocabulary;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.sampling.TokenMask;
import glia.engine.thinking.ThinkingPlan;
import glia.engine.tool.ToolMasks;
import glia.text.tool.ToolFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;

/// The token masks of a call's answers: of a form such as a JSON schema, of tools, and of limits of the thinking. What
/// is compiled for them stays until this is closed.
final class AnswerMasks implements AutoCloseable {
    private final LanguageModel model;
    private final Optional<Grammar> form;
    private final Optional<ToolMasks> tools;
    private final ToolFormat format;
    /// A mask at the begin of an answer, so that those of samples, which are made later, find what is compiled.
    private Optional<TokenMask> first = Optional.empty();

    /// @param model gives the vocabulary
    /// @param form of answers that are no tool calls; empty if they are free or `tools` has it
    /// @param tools masks of tools; empty if none may be called
    /// @param format the syntax of calls; null without tools
    private AnswerMasks(LanguageModel model, Optional<Grammar> form, Optional<ToolMasks> tools, ToolFormat format) {
        this.model = model;
        this.form = form;
        this.tools = tools;
        this.format = format;
    }

    /// The masks of a call.
    ///
    /// @throws CallException if what is required cannot be enforced
    static AnswerMasks of(LanguageModel model, GenerationCall call, Optional<AnswerTools> used) {
        if (used.isEmpty()) {
            return new AnswerMasks(model, call.grammar(), Optional.empty(), null);
        }
        ToolFormat format = used.get().format();
        boolean isStrict = call.toolChoice().isStrict();
        try {
            ToolMasks masks = tools(model, call, used.get());
            if (isStrict && !masks.isEnforced()) {
                throw new CallException("tools", "strict is not supported for the calls of this model ("
                        + format.families() + ") unless tool_choice requires a call");
            }
            return new AnswerMasks(model, Optional.empty(), Optional.of(masks), format);
        } catch (GrammarException e) {
            if (call.toolChoice().isRequired() || call.grammar().isPresent() || isStrict
                    || e.kind() == GrammarException.Kind.MEMORY) {
                throw CallException.of("tools", e);
            }
            // The model writes calls by itself; only their arguments are not checked.
            return new AnswerMasks(model, Optional.empty(), Optional.empty(), format);
        }
    }

    private static ToolMasks tools(LanguageModel model, GenerationCall call, AnswerTools used) {
        ToolChoice choice = used.choice();
        List<Map<String, Object>> tools = used.callable();
        Object key = call.grammar().isPresent() ? List.of(tools, choice, call.grammar().get()) : List.of(tools, choice);
        return GrammarCache.get(model.tokenizer(), ToolMasks.class, key, () -> {
            if (choice.isRequired()) {
                return ToolMasks.required(used.format(), tools, choice.isParallel());
            }
            return call.grammar().isPresent()
                    ? ToolMasks.orForm(used.format(), tools, choice.isParallel(), call.grammar().get())
                    : ToolMasks.auto(used.format(), tools);
        });
    }

    /// The masks by sample; empty if every token may follow.
    ///
    /// @param beginsText whether the answer is the begin of a decoded text
    Optional<IntFunction<TokenMask>> ofSample(Optional<ThinkingPlan> plan, boolean beginsText) {
        // After thinking, the decoder drops no space.
        boolean begins = beginsText && plan.isEmpty();
        if ((form.isPresent() || tools.isPresent()) && HeavyWork.run(() -> begun(begins))) {
            boolean isWhole = plan.isEmpty() || tools.filter(ToolMasks::hasThinking).isPresent();
            return Optional.of(_ -> {
                TokenMask answer = answer(begins).orElseThrow();
                return isWhole ? answer : plan.get().mask(answer);
            });
        }
        return plan.filter(ThinkingPlan::isLimited).map(limited -> _ -> limited.mask().orElseThrow());
    }

    /// Whether there is a mask. Its first tokens are computed, which those of all samples share.
    private boolean begun(boolean begins) {
        first = answer(begins);
        first.ifPresent(TokenMask::isReady);
        return first.isPresent();
    }

    @Override
    public void close() {
        first.ifPresent(TokenMask::stop);
    }

    private Optional<TokenMask> answer(boolean begins) {
        if (tools.isPresent()) {
            GrammarVocabulary vocabulary = model.grammarVocabulary(format);
            return tools.get().mask(vocabulary, begins);
        }
        return form.map(grammar -> grammar.mask(model.grammarVocabulary(), begins));
    }
}
