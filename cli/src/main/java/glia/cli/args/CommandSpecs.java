package glia.cli.args;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.TypeConversionException;

/// Declares a [Syntax] to picocli, for parsing and for completion scripts. Help texts are [HelpText]'s.
final class CommandSpecs {
    /// The type of each value for picocli: for paths, completion scripts offer file names. Converters know the true
    /// types.
    private static final Class<?> COMPLETED_TO_FILES = Path.class;

    /// Creates the list of a repeated option's values, the only objects that picocli needs. Its own factory looks for
    /// Groovy in all jars first.
    static final IFactory FACTORY = new IFactory() {
        @Override
        public <K> K create(Class<K> type) {
            if (type != List.class) {
                throw new IllegalArgumentException("picocli requested an instance of " + type + ", expected a List");
            }
            return type.cast(new ArrayList<>());
        }
    };

    private CommandSpecs() {}

    /// A command whose user object is the syntax, without options and positionals.
    static CommandSpec of(Syntax syntax) {
        return CommandSpec.wrapWithoutInspection(syntax, FACTORY).interpolateVariables(false);
    }

    /// Declares a command's options and positionals, if that was not yet done. Takes long for all commands together.
    static void declare(CommandSpec spec) {
        if (!spec.args().isEmpty()) {
            return;
        }
        Syntax syntax = (Syntax) spec.userObject();
        List<Positional> positionals = syntax.positionals();
        for (int i = 0; i < positionals.size(); i++) {
            // Arguments decides which are missing: an option may give them.
            PositionalParamSpec.Builder word = PositionalParamSpec.builder().paramLabel(positionals.get(i).label())
                    .converters(text -> text).required(false);
            spec.addPositional(positionals.get(i).repeatable()
                    ? word.index(i + "..*").type(List.class).auxiliaryTypes(COMPLETED_TO_FILES).arity("0..*").build()
                    : word.index(Integer.toString(i)).type(COMPLETED_TO_FILES).arity("0..1").build());
        }
        for (Option<?> option : syntax.options()) {
            spec.addOption(option(option));
        }
    }

    /// An option whose value is converted by the parser of its declaration.
    private static OptionSpec option(Option<?> option) {
        OptionSpec.Builder spec = OptionSpec.builder(Stream.concat(option.names().stream(),
                option.former().stream()).toArray(String[]::new)).userObject(option)
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

    private static Object convert(Option<?> option, String word) {
        try {
            return option.parser().apply(word);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
