package glia.engine.tool;

import glia.engine.grammar.Grammar;
import glia.engine.grammar.GrammarMask;
import glia.engine.grammar.GrammarVocabulary;
import glia.engine.grammar.TriggeredMask;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.sampling.TokenMask;
import glia.text.tool.ToolFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Token masks that enforce the use of tools in an answer: names of the tools, and arguments that their JSON schemas
/// allow. Immutable; keep it to use it for many requests with the same tools.
///
/// The masks see the answer without its thinking, for [glia.engine.thinking.ThinkingPlan#mask(TokenMask)], unless they
/// have it themselves ([#hasThinking]). Their
/// vocabulary is [glia.engine.LanguageModel#grammarVocabulary(ToolFormat)].
public final class ToolMasks {
    private static final List<String> MESSAGES = List.of("<|channel|>commentary to=functions.",
            "<|start|>assistant to=functions.");

    /// That of the answer, or one for each trigger; none if nothing is enforced.
    private final List<Grammar> calls;
    private final List<String> triggers;
    private final boolean hasThinking;
    /// The form of answers that are no calls; empty for free text or none.
    private final Optional<Grammar> form;

    private ToolMasks(List<Grammar> calls, List<String> triggers, boolean hasThinking) {
        this(calls, triggers, hasThinking, Optional.empty());
    }

    private ToolMasks(List<Grammar> calls, List<String> triggers, boolean hasThinking, Optional<Grammar> form) {
        this.form = form;
        this.calls = calls;
        this.triggers = triggers;
        this.hasThinking = hasThinking;
    }

    /// The answer is free text until a call begins, and after it. Calls without marker (Llama) are not
    /// enforced: [#mask] is empty.
    ///
    /// @param tools as templates read them
    /// @throws GrammarException if a schema is not supported
    public static ToolMasks auto(ToolFormat format, List<Map<String, Object>> tools) {
        if (format instanceof ToolFormat.Objects objects && objects.begin().isEmpty()) {
            return new ToolMasks(List.of(), List.of(), false);
        }
        boolean inMessages = format instanceof ToolFormat.Messages;
        List<String> triggers = inMessages ? MESSAGES : format.openers();
        return new ToolMasks(triggers.stream()
                .map(opener -> new ToolGrammar(tools, true, opener).calls(format).compiled()).toList(), triggers,
                inMessages);
    }

    /// The answer is one or more calls.
    ///
    /// @param tools the tools that may be called, as templates read them: one for a named tool
    /// @param isParallel whether there may be several calls
    /// @throws GrammarException if the syntax, or a schema, is not supported
    public static ToolMasks required(ToolFormat format, List<Map<String, Object>> tools, boolean isParallel) {
        return new ToolMasks(List.of(new ToolGrammar(tools, isParallel, "").calls(format).compiled()), List.of(),
                format instanceof ToolFormat.Messages);
    }

    /// The answer is of a given form, or one or more calls.
    ///
    /// @param form of answers that are no calls, such as a JSON schema
    /// @throws GrammarException if the syntax, or a schema, is not supported
    public static ToolMasks orForm(ToolFormat format, List<Map<String, Object>> tools, boolean isParallel,
            Grammar form) {
        if (format instanceof ToolFormat.Messages) {
            throw GrammarException.unsupported("tools",
                    "a form of the answer beside tools (" + format.families() + ")");
        }
        return new ToolMasks(List.of(new ToolGrammar(tools, isParallel, "").calls(format).compiled()), List.of(), false,
                Optional.of(form.compiled()));
    }

    /// Whether anything is enforced; if not, [#mask] is empty.
    public boolean isEnforced() {
        return !calls.isEmpty();
    }

    /// Whether the masks describe a whole answer with its thinking: in harmony a call is a message beside the thinking.
    public boolean hasThinking() {
        return hasThinking;
    }

    /// The mask of one answer; empty if nothing is enforced.
    ///
    /// @param beginsText whether the answer is the begin of a decoded text: some decoders drop a space there
    public Optional<TokenMask> mask(GrammarVocabulary vocabulary, boolean beginsText) {
        if (calls.isEmpty()) {
            return Optional.empty();
        }
        if (form.isPresent()) {
            return Optional.of(new EitherMask(List.of(form.get().mask(vocabulary, beginsText),
                    calls.getFirst().mask(vocabulary, beginsText))));
        }
        return Optional.of(triggers.isEmpty() ? calls.getFirst().mask(vocabulary, beginsText)
                : new TriggeredMask(vocabulary, triggers, new int[0], i -> calls.get(i).mask(vocabulary, false)));
    }

    /// The tokens by which a text stays within one of several grammars, each of which has its own rule for white
    /// space: a grammar of JSON may have it between all parts, another one has exactly its texts. For one sample.
    public static final class EitherMask implements TokenMask {
        /// The masks whose grammar the text has not left; at least one.
        private final List<GrammarMask> open;

        /// @param masks of the grammars, at the begin of a text; at least one
        public EitherMask(List<GrammarMask> masks) {
            this.open = new ArrayList<>(masks);
        }

        /// The tokens that one of the grammars allows.
        ///
        /// @throws GrammarException if a grammar exceeds a limit, or no token of the vocabulary can follow in any of
        /// them
        @Override
        public long[] allowed() {
            long[] all = null;
            for (GrammarMask mask : List.copyOf(open)) {
                long[] words;
                try {
                    words = mask.allowed();
                } catch (GrammarException e) {
                    if (e.kind() != GrammarException.Kind.UNSATISFIABLE || open.size() == 1) {
                        throw e;
                    }
                    open.remove(mask);
                    mask.stop();
                    continue;
                }
                all = all == null ? words : union(all, words);
            }
            return all;
        }

        @Override
        public boolean isReady() {
            boolean isReady = true;
            for (GrammarMask mask : List.copyOf(open)) {
                isReady &= isReady(mask);
            }
            return isReady;
        }

        /// A grammar that no token continues is ready, since [#allowed] drops it.
        private static boolean isReady(GrammarMask mask) {
            try {
                return mask.isReady();
            } catch (GrammarException e) {
                if (e.kind() == GrammarException.Kind.UNSATISFIABLE) {
                    return true;
                }
                throw e;
            }
        }

        @Override
        public void stop() {
            open.forEach(GrammarMask::stop);
        }

        private static long[] union(long[] a, long[] b) {
            long[] longer = a.length >= b.length ? a : b;
            long[] shorter = longer == a ? b : a;
            long[] both = Arrays.copyOf(longer, longer.length);
            for (int i = 0; i < shorter.length; i++) {
                both[i] |= shorter[i];
            }
            return both;
        }

        /// Receives the next token: only the grammars that allow it remain.
        ///
        /// @throws IllegalArgumentException if none does
        @Override
        public void accept(int token) {
            allowed();
            List<GrammarMask> left = open.stream().filter(mask -> mask.allows(token)).toList();
            if (left.isEmpty()) {
                throw new IllegalArgumentException("no grammar allows token " + token + " here");
            }
            open.stream().filter(mask -> !left.contains(mask)).forEach(GrammarMask::stop);
            open.retainAll(left);
            left.forEach(mask -> mask.accept(token));
        }
    }
}
