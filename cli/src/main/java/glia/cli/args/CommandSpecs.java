package glia.cli.args;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.TypeConversionException;

/// Tells picocli what a [Syntax] declares.
final class CommandSpecs {
    /// Characters of a help text's line at most.
    static final int WIDTH = 100;

    /// What picocli is told to be the type of each value: for paths, completion scripts offer the names of files. The
    /// true types are the converters' matter.
    private static final Class<?> COMPLETED_TO_FILES = Path.class;

    /// Makes the list of a repeated option's values, the only objects that picocli needs. Its own factory looks for
    /// Groovy in all jars first.
    static final IFactory FACTORY = new IFactory() {
        @Override
        public <K> K create(Class<K> type) {
            if (type != List.class) {
                throw new IllegalArgumentException("nothing was declared that has to be made: " + type);
            }
            return type.cast(new ArrayList<>());
        }
    };

    private CommandSpecs() {}

    /// A command whose user object is the syntax, with all of its help text but the options and positionals.
    static CommandSpec of(Syntax syntax) {
        CommandSpec spec = CommandSpec.wrapWithoutInspection(syntax, FACTORY).interpolateVariables(false);
        spec.usageMessage().width(WIDTH).longOptionsMaxWidth(WIDTH / 3).abbreviateSynopsis(true).sortOptions(false)
                .header(literal(syntax.summary())).synopsisHeading("%nUsage: ")
                .parameterListHeading("%nParameters:%n").optionListHeading("%nOptions:%n")
                .commandListHeading("%nCommands:%n").footerHeading(syntax.notes().isEmpty() ? "" : "%n")
                .footer(literal(String.join(" ", syntax.notes())));
        return spec;
    }

    /// Declares a command's options and positionals, if that was not yet done: it takes long for all commands together.
    static void declare(CommandSpec spec) {
        if (!spec.args().isEmpty()) {
            return;
        }
        Syntax syntax = (Syntax) spec.userObject();
        List<Positional> positionals = syntax.positionals();
        for (int i = 0; i < positionals.size(); i++) {
            spec.addPositional(positional(positionals.get(i), i));
        }
        for (Option<?> option : syntax.options()) {
            spec.addOption(option(option));
        }
    }

    /// An option whose value is converted by the parser of its declaration.
    static OptionSpec option(Option<?> option) {
        String choices = option.choices().isEmpty() ? "" : ": " + option.choiceWords();
        OptionSpec.Builder spec = OptionSpec.builder(option.names().toArray(String[]::new))
                .description(literal(option.description().replaceFirst("(?= \\(default:)|$", choices)))
                .usageHelp(option == Syntax.HELP).versionHelp(option == Syntax.VERSION);
        if (!option.takesValue()) {
            return spec.type(Boolean.class).arity("0").build();
        }
        spec.paramLabel(option.label()).arity("1").converters(word -> convert(option, word));
        if (!option.choices().isEmpty()) {
            spec.completionCandidates(option.choices());
        }
        return option.repeatable() ? spec.type(List.class).auxiliaryTypes(COMPLETED_TO_FILES).build()
                : spec.type(COMPLETED_TO_FILES).build();
    }

    private static PositionalParamSpec positional(Positional positional, int index) {
        return PositionalParamSpec.builder().index(Integer.toString(index)).paramLabel(positional.label())
                .description(literal(positional.description())).type(COMPLETED_TO_FILES).converters(word -> word)
                .arity(positional.required() ? "1" : "0..1").required(positional.required()).build();
    }

    private static Object convert(Option<?> option, String word) {
        try {
            return option.parser().apply(word);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage() + ", not '" + word + "'");
        }
    }

    /// Text in which picocli finds nothing to format.
    private static String literal(String text) {
        return text.replace("%", "%%");
    }
}
