/// Models on [Apache Spark](https://spark.apache.org/docs/4.2.0/): functions that add columns to data frames
/// ([ModelColumns], where to begin reading), the making of a corpus ([SparkCorpus]) and the program for `spark-submit`
/// ([Main]).
package glia.spark;
