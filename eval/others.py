"""Documents of other kinds, some of them close relatives: none of them is the report."""

from __future__ import annotations

from random import Random

from eval.cases import Case
from eval.prose import organ

_RULE_OF_LAW = """{organ}{year}年法治政府建设情况报告

一、总体情况
{year}年，{organ}把依法行政写进每个股室的责任书。全年办理行政许可{a}件，作出行政处罚决定{b}件，没有一件被撤销。
二、主要做法
（一）决策先听意见。三项重大事项在网上征求意见，收到回复{c}条。
（二）公开执法结果。依法公开政府信息，处罚决定七日内上网。
三、存在的主要问题
执法人员年龄偏大，夜间巡查力量不足。
四、其他需要报告的事项
无。
"""
_STATISTICS = """{organ}{year}年政府信息公开情况统计表

统计指标\t单位\t统计数
一、主动公开情况\t——\t——
（一）主动公开政府信息数\t条\t{a}
（二）通过不同渠道和方式公开政府信息的情况\t——\t——
1.政府公报公开政府信息数\t条\t{b}
2.政府网站公开政府信息数\t条\t{c}
二、回应解读情况\t——\t——
三、依申请公开情况\t——\t——
（一）收到申请数\t件\t{d}
四、行政复议数量\t件\t0
五、行政诉讼数量\t件\t0
"""
_GUIDE = """{organ}政府信息公开指南

一、公开范围
本机关主动公开下列信息：机构职能、规章、行政规范性文件、行政许可事项。
二、申请方式
申请人填写申请表，当面、邮寄或在线提交。收到申请后{e}个工作日内答复。
三、收费
依照信息处理费管理办法办理，{year}年标准不变。
四、监督方式
对答复不服的，可以申请行政复议或者提起行政诉讼。
"""
_BUDGET = """{organ}{year}年部门预算说明

一、部门概况
下设股室{e}个，在编{b}人。
二、收支总表
收入合计 {a} 万元，其中一般公共预算拨款 {c} 万元，其他收入 {d} 万元。
支出合计 {a} 万元。
三、政府采购情况
政府集中采购项目{e}个。
四、其他说明
行政事业性收费收入 0 万元。
"""
_MEETING = """关于做好{year}年政府信息公开工作年度报告编制工作的通知

各乡镇、各部门：
年度报告应当包括总体情况、主动公开政府信息情况、收到和处理政府信息公开申请情况、政府信息公开行政复议、行政诉讼情况、存在的主要问题及改进情况、其他需要报告的事项。请于{e}日内报送{organ}，并附联系人电话。
迟报的单位在季度考核中扣{e}分。
"""
_KINDS = (_RULE_OF_LAW, _STATISTICS, _GUIDE, _BUDGET, _MEETING)


def write(rng: Random) -> Case:
    """A document that is not the annual report."""
    figures = {name: rng.randint(5, 900) for name in "abcd"}
    text = rng.choice(_KINDS).format(
        organ=organ(rng, rng.choice(("bureau", "county", "city"))),
        year=rng.randint(2015, 2025),
        e=rng.randint(3, 20),
        **figures,
    )
    return Case(text=text, expect="not_this_form", layout="other_kind")
