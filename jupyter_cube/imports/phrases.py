"""English for the names of projects, groups and fields that Cube Studio's own files have in Chinese only."""

from __future__ import annotations

_ENGLISH = {
    # projects
    "基础命令": "basic commands", "数据导入导出": "data import and export", "数据处理": "data processing",
    "数据处理工具": "data processing tools", "特征处理": "feature processing", "机器学习": "machine learning",
    "机器学习框架": "machine learning frameworks", "机器学习算法": "machine learning algorithms",
    "深度学习": "deep learning", "分布式加速": "distributed acceleration", "tf分布式": "distributed TensorFlow",
    "pytorch分布式": "distributed PyTorch", "模型处理": "model processing", "模型服务化": "model serving",
    "多媒体类模板": "multimedia", "视频处理": "video processing", "机器视觉": "computer vision",
    "图像处理": "image processing", "文本处理": "text processing", "音频处理": "audio processing",
    "大模型": "large language models", "视觉": "vision", "语音": "speech", "语音识别": "speech recognition",
    "自然语言": "natural language", "风控": "risk control",
    # templates and groups
    "自定义镜像": "custom image", "参数": "arguments", "训练": "training", "推理": "inference", "模型": "model",
    "任务": "task", "离线推理": "offline inference", "公共配置": "common settings", "分布式任务": "distributed task",
    "分布式训练": "distributed training", "训练参数": "training arguments", "模型信息": "model",
    "部署信息": "deployment",
    "数据导入": "data import", "数据集导入": "dataset import", "模型导入": "model import", "模型下载": "model download",
    "模型注册": "model registration", "模型离线推理": "offline inference", "hadoop任务": "Hadoop task",
    "视频抽帧": "pictures of a video", "提取音频": "sound of a video",
    # fields
    "镜像": "image", "执行镜像": "image", "要调试的镜像": "image to run", "推理服务镜像": "image of the service",
    "启动目录": "working folder", "命令的启动目录": "working folder", "启动命令": "start command",
    "训练启动命令": "start command of the training", "执行命令": "command", "环境安装和任务启动命令": "start command",
    "worker数量": "number of workers", "分布式训练worker的数目": "number of workers",
    "分布式worker的数目": "number of workers", "分布式任务worker的数量": "number of workers",
    "分布式任务的worker数目": "number of workers", "ray worker数量": "number of Ray workers",
    "executor 数目": "number of executors", "机器个数": "number of machines", "机器数量": "number of machines",
    "占用机器个数": "number of machines", "初始化脚本": "script run first", "语言类型": "language",
    "代码文件地址": "code file", "代码参数": "code arguments", "spark配置": "Spark settings",
    "训练集csv": "training set, CSV", "训练集csv路径": "training set, CSV", "训练集地址": "training set",
    "训练数据集": "training set", "验证数据集": "validation set", "预测数据集csv": "set to predict, CSV",
    "预测数据集csv路径": "set to predict, CSV", "预测数据集地址": "set to predict", "预测结果保存路径": "results",
    "特征列": "feature columns", "label列": "label columns", "分隔符": "separator",
    "分类还是回归": "classifier or regressor", "xgb参数": "XGBoost parameters", "模型参数": "model parameters",
    "模型名": "model name", "模型名称": "model name", "模型地址": "model address", "模型版本号": "model version",
    "模型描述": "model description", "模型指标": "model metrics", "模型框架": "model framework",
    "模型来源": "source of the model", "模型状态": "state of the model", "子模型名": "name of the part",
    "模型文件保存路径": "model file", "模型保存地址": "model file", "模型加载路径": "model to load",
    "模型评估报告保存路径": "evaluation report", "推理框架": "inference framework", "下载类型": "kind of download",
    "配置文件地址": "configuration file", "配置文件": "configuration files", "下载信息文件地址": "list of downloads",
    "数据集的来源": "source of the dataset", "名称": "name", "描述": "description", "版本": "version",
    "版本号": "version", "分区": "partition", "保存地址": "where it is saved", "保存目录": "folder it is saved to",
    "部署项目名": "project", "项目组名称": "project", "部署域名": "host name", "推理服务类型": "kind of service",
    "推理容器工作目录": "working folder of the service", "推理容器启动命令": "start command of the service",
    "推理容器启动参数": "arguments of the service", "推理容器环境变量": "environment of the service",
    "推理容器暴露端口": "ports of the service", "pod副本数": "number of replicas", "占用内存": "memory",
    "占用cpu": "CPUs", "占用gpu": "GPUs", "每个pod占用内存": "memory of a replica",
    "每个pod占用cpu": "CPUs of a replica",
    "每个pod占用gpu": "GPUs of a replica", "挂载": "mounts", "指标采集接口": "metrics address",
    "健康检查": "health check address", "目标分类": "classes", "权重文件": "weights",
    "预训练模型权重文件": "weights to begin with", "训练数据配置": "training data settings",
    "上游输出文件": "output file of the task before",
}  # fmt: skip


def english(text: str) -> str:
    """The text in English; empty where no translation is known or none is needed."""
    return _ENGLISH.get(text.strip(), "")


def both(text: str) -> str:
    """The text with its English before it, where that is known."""
    found = english(text)
    return f"{found} ({text.strip()})" if found else text.strip()
