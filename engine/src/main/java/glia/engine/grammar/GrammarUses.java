package glia.engine.grammar;

import glia.engine.grammar.limit.GrammarBudget;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import glia.engine.grammar.limit.MemoryPart;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/// What a grammar was compiled to, for each vocabulary. It is dropped where memory is short and it is not in use, and
/// compiled again when it is needed. Thread-safe.
final class GrammarUses {
    private final Supplier<CompiledGrammar> compile;
    /// Compiled and not in use yet.
    private MemoryPart<CompiledGrammar> unused;
    private final Map<GrammarVocabulary, MemoryPart<CompiledGrammar>> ofVocabulary = new HashMap<>();

    /// @param compile compiles the grammar, within a budget
    GrammarUses(Supplier<CompiledGrammar> compile) {
        this.compile = compile;
    }

    /// Compiles the grammar, unless it was.
    ///
    /// @throws GrammarException if it exceeds a limit
    synchronized void compile() {
        if (unused == null && ofVocabulary.isEmpty()) {
            unused = compiled();
            unused.keep();
        }
    }

    /// Compiles the grammar for one use.
    ///
    /// @return to be closed after it
    ///
    /// @throws GrammarException if it exceeds a limit
    MemoryPart<CompiledGrammar> compiled() {
        try {
            return GrammarBudget.compiling(compile);
        } catch (StackOverflowError e) {
            throw GrammarException.limit("levels of nested expressions", GrammarLimits.DEPTH);
        }
    }

    /// The mask of one sample.
    synchronized GrammarMask mask(GrammarVocabulary vocabulary, boolean beginsText) {
        MemoryPart<CompiledGrammar> compiled = ofVocabulary.get(vocabulary);
        MemoryPart<Void> use = use(compiled);
        if (use == null) {
            compiled = unused;
            unused = null;
            use = use(compiled);
        }
        if (use == null) {
            compiled = compiled();
            use = compiled.use();
            compiled.keep();
        }
        ofVocabulary.put(vocabulary, compiled);
        return new GrammarMask(compiled.content().engine(vocabulary), use, vocabulary, beginsText);
    }

    /// Begins to use what was compiled, unless it was dropped or has reached a limit; then null. Masks in use keep
    /// theirs.
    private static MemoryPart<Void> use(MemoryPart<CompiledGrammar> compiled) {
        MemoryPart<Void> use = compiled == null ? null : compiled.use();
        if (use != null && compiled.content().isExhausted()) {
            use.close();
            return null;
        }
        return use;
    }
}
