/// From raw text to a corpus: rules that drop texts of low quality ([QualityRules]), near duplicates by MinHash
/// ([MinHash], [DuplicateGroups]), and both over files ([CorpusCleaner], where to begin reading).
package glia.train.corpus;
